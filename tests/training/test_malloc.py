"""The C library's own count of mapped blocks, in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT_MAPPED_BLOCKS = """
import ctypes
from limner.training.malloc import freed_memory_kept

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.mallinfo2.restype = ctypes.c_void_p, Info

def mapped():
    before = libc.mallinfo2().hblks
    assert libc.malloc(ctypes.c_size_t(48 << 20))
    return libc.mallinfo2().hblks - before

print(mapped())
with freed_memory_kept():
    print(mapped())
print(mapped())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not the GNU C library")
def test_large_blocks_are_mapped_afresh_before_and_after_but_not_inside() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT_MAPPED_BLOCKS], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "0", "1"]
