"""Folders as they lie on disk: the pictures in them, what cannot be read, and names that stand for a split or half."""

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
Halves = dict[Split, Path]
"""The folder of one domain in each split that has one."""

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
class ImageFolder:
    """A folder and the pictures below it.

    Attributes:
        path: the folder.
        files: every file with a picture's suffix in it and the folders in it, sorted; hidden ones are passed over.
        closed: folders in it that cannot be read, each with the true reason.
    """

    path: Path
    files: list[Path]
    closed: list[str]


def image_folder(path: Path) -> ImageFolder:
    """Looks through a folder and the folders in it.

    Raises:
        DataError: the folder itself cannot be read.
    """
    closed: list[OSError] = []
    files = sorted(file for file in _files_under(path, closed.append) if file.suffix.lower() in SUFFIXES)
    return ImageFolder(path, files, [printable(f"{error.filename} ({_reason(error)})") for error in closed])


def folders_in(path: Path) -> dict[str, Path]:
    """The folders right in a folder by lower-case name.

    Raises:
        DataError: there is no such folder, or it cannot be read.
    """
    try:
        if not path.exists():
            raise DataError(f"there is no folder {path}", "check the spelling")
        if not path.is_dir():
            raise DataError(f"{path} is a file, not a folder of pictures", "give the folder: data.path=FOLDER")
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
        return {name.lower(): path / name for name in names}
    except OSError as error:
        raise _unreadable(path, error) from error


def split_of(name: str) -> Split | None:
    """The split that a folder's name stands for, if any: train, val (valid, validation) or test."""
    return _SPLITS.get(name.lower())


def split_folders(folders: dict[str, Path]) -> dict[Split, Path]:
    """Of the folders right in a folder, by lower-case name, those that stand for splits."""
    found = {split: folder for name, folder in folders.items() if (split := split_of(name)) is not None}
    return {split: found[split] for split in SPLITS if split in found}


def pair_lists(path: Path, splits: dict[Split, Path]) -> dict[Split, Path]:
    """The `metadata.jsonl` of a folder, which says of each pair its split, or those of its split folders."""
    if _is_file(path / METADATA):
        return {"train": path / METADATA}
    return {split: folder / METADATA for split, folder in splits.items() if _is_file(folder / METADATA)}


def suffixed_halves(folders: dict[str, Path]) -> tuple[Halves, Halves] | None:
    """trainA and trainB, or train_a and train_b, ..."""
    found = {
        (split, name[-1]): folder
        for name, folder in folders.items()
        if name[-1] in "ab" and (split := split_of(name[:-1].rstrip("_-"))) is not None
    }
    if not found:
        return None
    a, b = ({split: found[split, domain] for split in SPLITS if (split, domain) in found} for domain in "ab")
    return a, b


def halves_of(folder: Path, folders: dict[str, Path]) -> Halves:
    """The split folders of one domain, or its folder as `train`."""
    return split_folders(folders) or {"train": folder}


def missing_half(layout: str, a: Halves, b: Halves) -> DataError | None:
    """The error for pairs of which one half stands without the other in a split."""
    for split in SPLITS:
        if (split in a) == (split in b):
            continue
        there, others = (a[split], b) if split in a else (b[split], a)
        if layout == "trainA-trainB":
            missing = there.name[:-1] + {"a": "b", "b": "a", "A": "B", "B": "A"}[there.name[-1]]
            return DataError(
                f"{there.parent} has a folder {there.name} but no {missing}",
                f"add the other half of the pairs: {missing}",
            )
        first = next(iter(others.values()))
        missing_in = first if split_of(first.name) is None else first.parent
        return DataError(f"{there} has no partner folder in {missing_in}", "both halves need the same split folders")
    return None


def no_images(folder: Path) -> DataError:
    """The error for a folder in which no picture was found, saying what is there instead."""
    kinds = Counter(file.suffix.lower() or "no suffix" for file in _files_under(folder))
    if closed := image_folder(folder).closed:
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


def _is_file(path: Path) -> bool:
    """Whether there is such a file; in a closed folder there is none, and who looks for its pictures says why."""
    try:
        return path.is_file()
    except OSError:
        return False


def _files_under(folder: Path, closed: Callable[[OSError], None] = lambda error: None) -> Iterator[Path]:
    def meet(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise _unreadable(folder, error) from error
        closed(error)

    for place, folders, files in os.walk(folder, onerror=meet):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _unreadable(folder: Path, error: OSError) -> DataError:
    return DataError(f"{folder} cannot be read: {_reason(error)}", _OPEN_IT)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
