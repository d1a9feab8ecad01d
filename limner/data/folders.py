"""What kind of folder this is, told from the names in it: split folders, two domains, a list of pairs, or pictures."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from limner.data.images import SUFFIXES
from limner.errors import DataError
from limner.files import printable

Split = Literal["train", "val", "test"]

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")

METADATA: Final = "metadata.jsonl"
_OPEN_IT: Final = "allow reading it, or give another folder: data.path=FOLDER"
_SPLITS: Final[dict[str, Split]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Domains:
    """Folders of pictures of two domains: A's by split, and B's. A folder without split folders is its `train`."""

    layout: Literal["trainA-trainB", "A-B", "two-folders"]
    a: dict[Split, Path]
    b: dict[Split, Path]

    @property
    def halves(self) -> dict[Split, tuple[Path, Path]]:
        """A's and B's folder of each split that both have."""
        return {split: (self.a[split], self.b[split]) for split in SPLITS if split in self.a and split in self.b}

    def check_halves(self) -> None:
        """Pairs need both folders of every split.

        Raises:
            DataError: one stands without the other.
        """
        for split in SPLITS:
            if (split in self.a) == (split in self.b):
                continue
            there, others = (self.a[split], self.b) if split in self.a else (self.b[split], self.a)
            if self.layout == "trainA-trainB":
                missing = _other_half(there.name)
                raise DataError(
                    f"{there.parent} has a folder {there.name} but no {missing}",
                    f"add the other half of the pairs: {missing}",
                )
            first = next(iter(others.values()))
            missing_in = first if first.name.lower() not in _SPLITS else first.parent
            raise DataError(f"{there} has no partner folder in {missing_in}", "both halves need the same split folders")


@dataclass(frozen=True)
class Lists:
    """A `metadata.jsonl` for each split, or one for all."""

    splits: dict[Split, Path]


@dataclass(frozen=True)
class Images:
    """One folder of pictures for each split, with class folders or not; `train` alone is the folder itself."""

    splits: dict[Split, Path]


def look(path: Path, path_b: Path | None = None) -> Domains | Lists | Images:
    """Tells the layout of a folder, or of two folders, one for each domain or half of the pairs.

    Raises:
        DataError: a folder is missing or cannot be read, or there is trainA or trainB without the other.
    """
    folders = _folders_of(path)
    if path_b is not None:
        return _two_roots("two-folders", path, path_b)
    if lists := _lists(path, folders):
        return lists
    if domains := _suffixed_domains(path, folders):
        return domains
    if {"a", "b"} <= folders.keys():
        return _two_roots("A-B", folders["a"], folders["b"])
    return Images(_split_folders(folders) or {"train": path})


def split_of(name: str) -> Split | None:
    """The split that a folder's name stands for, if any: train, val (valid, validation) or test."""
    return _SPLITS.get(name.lower())


def images_under(folder: Path) -> list[Path]:
    """Every file with a picture's suffix in a folder and the folders in it, sorted; hidden ones are passed over.

    So are folders in it that cannot be read: `closed_folders` names them.

    Raises:
        DataError: the folder itself cannot be read.
    """
    return sorted(file for file in _files_under(folder) if file.suffix.lower() in SUFFIXES)


def closed_folders(found: Domains | Lists | Images) -> list[str]:
    """A warning when folders below those of the pictures cannot be read, each with the true reason.

    Raises:
        DataError: as `images_under`.
    """
    match found:
        case Domains():
            tops = [*found.a.values(), *found.b.values()]
        case Lists():
            tops = []
        case Images(splits):
            tops = list(splits.values())
    closed: dict[str, None] = {}
    for top in tops:
        closed |= dict.fromkeys(_closed_under(top))
    if not closed:
        return []
    first = ", ".join(list(closed)[:5]) + (" ..." if len(closed) > 5 else "")
    return [f"{len(closed)} folders cannot be read, so what is in them is left out: {first}"]


def no_images(folder: Path) -> DataError:
    """The error for a folder in which no picture was found, saying what is there instead."""
    kinds = Counter(file.suffix.lower() or "no suffix" for file in _files_under(folder))
    if closed := _closed_under(folder):
        return DataError(f"{folder} holds no pictures that can be seen: {closed[0]} cannot be read", _OPEN_IT)
    if not kinds:
        return DataError(
            f"{folder} is empty: there are no pictures in it", "give a folder of pictures: data.path=FOLDER"
        )
    there = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    return DataError(
        f"{folder} holds no pictures, only other files ({there})",
        "limner reads JPEG, PNG, WebP, BMP, TIFF, GIF and PPM",
    )


def _closed_under(folder: Path) -> list[str]:
    """The folders in a folder that cannot be read, each with the reason."""
    closed: list[OSError] = []
    for _ in _files_under(folder, closed.append):
        pass
    return [printable(f"{error.filename} ({_reason(error)})") for error in closed]


def _files_under(folder: Path, closed: Callable[[OSError], None] = lambda error: None) -> Iterator[Path]:
    def meet(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise _unreadable(folder, error) from error
        closed(error)

    for place, folders, files in os.walk(folder, onerror=meet):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _folders_of(path: Path) -> dict[str, Path]:
    """The folders in a folder by lower-case name."""
    try:
        if not path.exists():
            raise DataError(f"there is no folder {path}", "check the spelling")
        if not path.is_dir():
            raise DataError(f"{path} is a file, not a folder of pictures", "give the folder: data.path=FOLDER")
        return {entry.name.lower(): entry for entry in sorted(path.iterdir()) if entry.is_dir()}
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(folder: Path, error: OSError) -> DataError:
    return DataError(f"{folder} cannot be read: {_reason(error)}", _OPEN_IT)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _split_folders(folders: dict[str, Path]) -> dict[Split, Path]:
    found = {split: folder for name, folder in folders.items() if (split := split_of(name)) is not None}
    return {split: found[split] for split in SPLITS if split in found}


def _lists(path: Path, folders: dict[str, Path]) -> Lists | None:
    if _is_file(path / METADATA):
        return Lists({"train": path / METADATA})
    lists = {
        split: folder / METADATA for split, folder in _split_folders(folders).items() if _is_file(folder / METADATA)
    }
    return Lists(lists) if lists else None


def _is_file(path: Path) -> bool:
    """Whether there is such a file; in a closed folder there is none, and who looks for its pictures says why."""
    try:
        return path.is_file()
    except OSError:
        return False


def _suffixed_domains(path: Path, folders: dict[str, Path]) -> Domains | None:
    halves = {
        (split, name[-1]): folder
        for name, folder in folders.items()
        if name[-1] in "ab" and (split := split_of(name[:-1].rstrip("_-"))) is not None
    }
    if not halves:
        return None
    domains = Domains(
        "trainA-trainB",
        {split: halves[split, "a"] for split in SPLITS if (split, "a") in halves},
        {split: halves[split, "b"] for split in SPLITS if (split, "b") in halves},
    )
    if "train" in domains.a.keys() ^ domains.b.keys() or not domains.halves:
        domains.check_halves()
    return domains


def _other_half(name: str) -> str:
    """trainA -> trainB, test_b -> test_a."""
    return name[:-1] + {"a": "b", "b": "a", "A": "B", "B": "A"}[name[-1]]


def _two_roots(layout: Literal["A-B", "two-folders"], a: Path, b: Path) -> Domains:
    folders_a, folders_b = _folders_of(a), _folders_of(b)
    return Domains(layout, _split_folders(folders_a) or {"train": a}, _split_folders(folders_b) or {"train": b})
