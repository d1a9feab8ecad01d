"""The folder of decoded and of drawn pictures: where it is, how large it may grow, and what is dropped first."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Final

from limner.data.decode import Decoding
from limner.data.pairing import Item
from limner.errors import DataError
from limner.files import ASIDE, TEMPORARY, remove_folder

SUFFIX: Final = ".decoded"
"""Ends the name of every file of decoded pictures."""
SYNTHETIC: Final = re.compile(r"facades-(?:labels|daynight|styles|degraded)-\d+-\d+-\d+(?:-v\d+)?")
"""The names of the folders of drawn pictures; the earliest bear no version. So narrow because they are deleted."""
_FORMAT: Final = 4
_DAY: Final = 86400


def cache_folder() -> Path:
    """`LIMNER_CACHE`, or ~/.cache/limner; it may not exist yet.

    Raises:
        DataError: the user has no home folder, as in some containers.
    """
    given = os.environ.get("LIMNER_CACHE")
    try:
        return Path(given).expanduser() if given else Path.home() / ".cache" / "limner"
    except RuntimeError as error:
        raise DataError("there is no home folder to keep decoded pictures in", "LIMNER_CACHE=FOLDER") from error


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
    """Bytes that decoded and drawn pictures take on disk."""
    return sum(size for _, size, _ in _entries())


def clear_cache() -> int:
    """Removes all decoded and drawn pictures; gives the bytes freed. Runs under way keep what they have open."""
    return sum(size for path, size, _ in _entries() if _remove(path))


def entry_for(items: Sequence[Item], decoding: Decoding | None) -> Path:
    """The file for these items, decoded so, or for their headers alone (None).

    Another size, time of change or mode of any file gives another name.

    The content itself is not looked at. Who rewrites a file and gives it back its size and time gets what was decoded
    before, and a fingerprint that is true of those pixels, not of the file as it is now.
    """
    stats: dict[Path, tuple[int, ...]] = {}
    for item in items:
        for source in item.sources:
            if source.path not in stats:
                stats[source.path] = _stat(source.path)
    key = {
        "format": _FORMAT,
        "decoders": [version("pillow"), version("scikit-image") if decoding and decoding.derive else ""],
        "decoding": decoding and asdict(decoding) | {"derive": decoding.derive and decoding.derive.model_dump()},
        "items": [[(str(source.path.absolute()), source.half) for source in item.sources] for item in items],
        "files": list(stats.values()),
    }
    digest = hashlib.blake2b(json.dumps(key).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return cache_folder() / (digest + SUFFIX)


def touch(entry: Path) -> None:
    """Marks a file of decoded pictures, or a folder of drawn ones, as just used."""
    with contextlib.suppress(OSError):
        os.utime(entry)


def make_room(wanted: Mapping[Path, int], sources: Collection[Path] = ()) -> str | None:
    """Drops the least recently used others until what one start uses fits; the reason when it cannot fit.

    Args:
        wanted: the bytes of each file of decoded pictures that the start uses, whether it is there or not.
        sources: folders of the pictures; when they are drawn ones of the cache, these stay too.
    """
    cap, held = cache_cap(), _entries()
    used = {above.absolute() for source in sources for above in (source, *source.parents)}
    synthetic = {path: size for path, size, _ in held if path.absolute() in used}
    size = sum(wanted.values()) + sum(synthetic.values())
    if size > cap:
        return f"{size / 1e9:.1f} GB of pictures are more than the cache may hold ({cap / 1e9:g} GB)"
    others = sorted((entry for entry in held if entry[0] not in {*wanted, *synthetic}), key=lambda entry: entry[2])
    total = size + sum(bytes_held for _, bytes_held, _ in others)
    for path, bytes_held, _ in others:
        if total <= cap:
            break
        if _remove(path):
            total -= bytes_held
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = sum(size for path, size in wanted.items() if not path.exists())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"the cache folder {folder} cannot be used: {(error.strerror or str(error)).lower()}"
    return f"{folder} has only {free / 1e9:.1f} GB free of the {missing / 1e9:.1f} needed" if free < missing else None


def _entries() -> list[tuple[Path, int, float]]:
    """Path, bytes and time of last use of each entry; leavings of killed runs older than a day are removed."""
    entries = []
    with contextlib.suppress(OSError):
        for path in cache_folder().iterdir():
            with contextlib.suppress(OSError):
                is_folder = path.is_dir()
                if SYNTHETIC.fullmatch(path.name) if is_folder else path.suffix == SUFFIX:
                    entries.append((path, *_measured(path)))
                elif _unfinished(path.name, is_folder) and _measured(path)[1] < time.time() - _DAY:
                    _remove(path)
    return entries


def _unfinished(name: str, is_folder: bool) -> bool:
    return bool(name.startswith((TEMPORARY, ASIDE)) and SYNTHETIC.search(name)) if is_folder else SUFFIX in name


def _measured(path: Path) -> tuple[int, float]:
    """Bytes of a file, or of all files in a folder; and when it, or anything in it, was last used or changed."""
    stats = [inner.stat() for inner in (path, *(path.rglob("*") if path.is_dir() else ()))]
    return sum(each.st_size for each in stats if S_ISREG(each.st_mode)), max(each.st_mtime for each in stats)


def _remove(path: Path) -> bool:
    try:
        remove_folder(path) if path.is_dir() else path.unlink()
    except OSError:
        return False
    return True


def _stat(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_size, stat.st_mtime_ns, stat.st_mode
