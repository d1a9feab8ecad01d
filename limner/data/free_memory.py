"""How much memory a program may still take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_UNKNOWN: Final = 4 << 30


def free_memory() -> int:
    """Free memory in bytes: what the system says is available, and no more than the container's limit leaves.

    Where the system does not say, half of all memory; where even that is unknown, 4 GiB.
    """
    return min(_available(), _container_left())


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _container_left() -> int:
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text().strip()
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return 1 << 62
