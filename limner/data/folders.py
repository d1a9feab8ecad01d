"""What kind of folder this is, told from the names in it: split folders, two domains, a list of pairs, or pictures."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from limner.data.pictures import SUFFIXES
from limner.errors import DataError

Split = Literal["train", "val", "test"]

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")

METADATA: Final = "metadata.jsonl"
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
    """Two folders of pictures for each split: A and B."""

    layout: Literal["trainA-trainB", "A-B", "two-folders"]
    splits: dict[Split, tuple[Path, Path]]


@dataclass(frozen=True)
class Lists:
    """A `metadata.jsonl` for each split, or one for all."""

    splits: dict[Split, Path]


@dataclass(frozen=True)
class Pictures:
    """One folder of pictures for each split, with class folders or not; `train` alone is the folder itself."""

    splits: dict[Split, Path]


def look(path: Path, path_b: Path | None = None) -> Domains | Lists | Pictures:
    """Tells the layout of a folder, or of two folders whose pictures belong together by name.

    Raises:
        DataError: a folder is missing, or one of trainA and trainB stands without the other.
    """
    folders = _folders_of(path)
    if path_b is not None:
        return _two_roots(folders, _folders_of(path_b), path, path_b, "two-folders")
    if lists := _lists(path, folders):
        return lists
    if domains := _suffixed_domains(path, folders):
        return domains
    if {"a", "b"} <= folders.keys():
        a, b = folders["a"], folders["b"]
        return _two_roots(_folders_of(a), _folders_of(b), a, b, "A-B")
    return Pictures(_split_folders(folders) or {"train": path})


def split_of(name: str) -> Split | None:
    """The split that a folder's name stands for, if any: train, val (valid, validation) or test."""
    return _SPLITS.get(name.lower())


def pictures_under(folder: Path) -> list[Path]:
    """Every file with a picture's suffix in a folder and the folders in it, sorted; hidden ones are passed over."""
    return sorted(file for file in _files_under(folder) if file.suffix.lower() in SUFFIXES)


def no_pictures(folder: Path) -> DataError:
    """The error for a folder in which no picture was found, saying what is there instead."""
    kinds = Counter(file.suffix.lower() or "no suffix" for file in _files_under(folder))
    if not kinds:
        return DataError(
            f"{folder} is empty: there are no pictures in it", "give a folder of pictures: data.path=FOLDER"
        )
    there = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    return DataError(
        f"{folder} holds no pictures, only other files ({there})",
        "limner reads JPEG, PNG, WebP, BMP, TIFF, GIF and PPM",
    )


def _files_under(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _folders_of(path: Path) -> dict[str, Path]:
    """The folders in a folder by lower-case name."""
    if not path.exists():
        raise DataError(f"there is no folder {path}", "check the spelling")
    if not path.is_dir():
        raise DataError(f"{path} is a file, not a folder of pictures", "give the folder: data.path=FOLDER")
    try:
        return {entry.name.lower(): entry for entry in sorted(path.iterdir()) if entry.is_dir()}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _split_folders(folders: dict[str, Path]) -> dict[Split, Path]:
    found = {split: folder for name, folder in folders.items() if (split := split_of(name)) is not None}
    return {split: found[split] for split in SPLITS if split in found}


def _lists(path: Path, folders: dict[str, Path]) -> Lists | None:
    if (path / METADATA).is_file():
        return Lists({"train": path / METADATA})
    lists = {
        split: folder / METADATA for split, folder in _split_folders(folders).items() if (folder / METADATA).is_file()
    }
    return Lists(lists) if lists else None


def _suffixed_domains(path: Path, folders: dict[str, Path]) -> Domains | None:
    halves = {
        (split, name[-1]): folder
        for name, folder in folders.items()
        if name[-1] in "ab" and (split := split_of(name[:-1].rstrip("_-"))) is not None
    }
    for split, domain in halves:
        other = "b" if domain == "a" else "a"
        if (split, other) not in halves:
            there = halves[split, domain].name
            missing = there[:-1] + (other.upper() if there[-1].isupper() else other)
            raise DataError(
                f"{path} has a folder {there} but no {missing}", f"add the other half of the pairs: {missing}"
            )
    splits = {split: (halves[split, "a"], halves[split, "b"]) for split in SPLITS if (split, "a") in halves}
    return Domains("trainA-trainB", splits) if splits else None


def _two_roots(
    folders_a: dict[str, Path],
    folders_b: dict[str, Path],
    a: Path,
    b: Path,
    layout: Literal["A-B", "two-folders"],
) -> Domains:
    splits_a, splits_b = _split_folders(folders_a), _split_folders(folders_b)
    if lone := splits_a.keys() ^ splits_b.keys():
        split = min(lone)
        there, missing = (splits_a[split], b) if split in splits_a else (splits_b[split], a)
        raise DataError(f"{there} has no partner folder in {missing}", "both halves need the same split folders")
    return Domains(layout, {split: (splits_a[split], splits_b[split]) for split in splits_a} or {"train": (a, b)})
