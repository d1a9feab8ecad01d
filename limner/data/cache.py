"""The folder of decoded pictures: where it is, how large it may grow, and what is dropped first."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from limner.data.decode import Decoding
from limner.data.matching import Item
from limner.errors import DataError

SUFFIX: Final = ".pairs"
"""Ends the name of every entry, those of single pictures too."""
_FORMAT: Final = 2
_DAY: Final = 86400


def cache_folder() -> Path:
    """`LIMNER_CACHE`, or ~/.cache/limner; it may not exist yet."""
    given = os.environ.get("LIMNER_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "limner"


def cache_cap() -> int:
    """Most bytes the folder may hold: `LIMNER_CACHE_GB` (10**9 bytes each), by default 20.

    Raises:
        DataError: the variable is not a number.
    """
    given = os.environ.get("LIMNER_CACHE_GB", "20")
    try:
        return int(float(given) * 1e9)
    except (ValueError, OverflowError) as error:
        raise DataError(f"LIMNER_CACHE_GB is {given!r}, which is not a number", "LIMNER_CACHE_GB=20") from error


def cache_size() -> int:
    """Bytes that decoded pictures take on disk."""
    return sum(size for _, size, _ in _entries())


def clear_cache() -> int:
    """Removes every decoded picture; gives the bytes freed. Runs under way keep what they have open."""
    return sum(size for file, size, _ in _entries() if _remove(file))


def entry_for(items: Sequence[Item], decoding: Decoding) -> Path:
    """The file for these items, decoded so: another size, time or content of any file gives another name."""
    stats: dict[Path, tuple[int, ...]] = {}
    for item in items:
        for source in item.sources:
            if source.path not in stats:
                stats[source.path] = _stat(source.path)
    key = {
        "format": _FORMAT,
        "decoders": [version("pillow"), version("scikit-image") if decoding.derive else ""],
        "decoding": asdict(decoding) | {"derive": decoding.derive and decoding.derive.model_dump()},
        "items": [[(str(source.path.absolute()), source.half) for source in item.sources] for item in items],
        "files": list(stats.values()),
    }
    digest = hashlib.blake2b(json.dumps(key).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return cache_folder() / (digest + SUFFIX)


def touch(entry: Path) -> None:
    """Marks an entry as just used."""
    with contextlib.suppress(OSError):
        os.utime(entry)


def make_room(entry: Path, size: int) -> str | None:
    """Drops the least recently used other entries until `size` more bytes fit; the reason when they cannot fit."""
    cap = cache_cap()
    if size > cap:
        return f"{size / 1e9:.1f} GB of decoded pictures are more than the cache may hold ({cap / 1e9:g} GB)"
    total = cache_size()
    for file, bytes_held, _ in sorted(_entries(), key=lambda held: held[2]):
        if total + size <= cap:
            break
        if file != entry and _remove(file):
            total -= bytes_held
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"the cache folder {folder} cannot be used: {(error.strerror or str(error)).lower()}"
    return f"{folder} has only {free / 1e9:.1f} GB free of the {size / 1e9:.1f} needed" if free < size else None


def _entries() -> list[tuple[Path, int, float]]:
    """File, bytes and time of last use of each entry; leavings of killed runs older than a day are removed."""
    entries = []
    with contextlib.suppress(OSError):
        for file in cache_folder().iterdir():
            with contextlib.suppress(OSError):
                stat = file.stat()
                if file.suffix == SUFFIX:
                    entries.append((file, stat.st_size, stat.st_mtime))
                elif SUFFIX in file.name and stat.st_mtime < time.time() - _DAY:
                    file.unlink()
    return entries


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except OSError:
        return False
    return True


def _stat(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_size, stat.st_mtime_ns, stat.st_mode
