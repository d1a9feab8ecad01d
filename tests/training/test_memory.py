import subprocess
import sys

import pytest

from limner.training.memory import keep_freed_memory

COUNT_MAPPED_BLOCKS = """
import ctypes
from limner.training.memory import keep_freed_memory

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.mallinfo2.restype = ctypes.c_void_p, Info
if {ask}:
    assert keep_freed_memory()
before = libc.mallinfo2().hblks
assert libc.malloc(ctypes.c_size_t(48 << 20))
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="not the GNU C library")
def test_large_blocks_are_mapped_until_asked_to_keep_them() -> None:
    def mapped(ask: bool) -> int:
        code = COUNT_MAPPED_BLOCKS.format(ask=ask)
        return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)

    assert mapped(ask=False) == 1
    assert mapped(ask=True) == 0
