"""Some training pictures of both domains of a folder, to compare the domains by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from limner.data.compare_domains import SAMPLE, DomainComparison, compare_domains
from limner.data.folder_contents import FolderContents
from limner.data.images import Pixels
from limner.data.scan import Seen

T = TypeVar("T")


def sample_files(contents: FolderContents) -> tuple[list[Path], list[Path]] | None:
    """At most 200 evenly chosen training pictures of A and of B; None where there are not two domains."""
    files = [_training(contents, domain) for domain in "AB"]
    if not all(files):
        return None
    a, b = (evenly_chosen(domain, SAMPLE) for domain in files)
    return a, b


def evenly_chosen(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, from the first to nearly the last."""
    count = min(len(items), most)
    return [items[number * len(items) // count] for number in range(count)]


def small_images(seen: Sequence[Seen], files: Sequence[Path]) -> Pixels:
    """uint8 (N, 3, 64, 64): the small copies that were kept of these files."""
    wanted = set(files)
    small = [image.small for image in seen if image.small is not None and image.file in wanted]
    return np.stack(small) if small else np.empty((0, 3, 1, 1), np.uint8)


def compare_holding(contents: FolderContents, seen: Sequence[Seen]) -> DomainComparison | None:
    """Both domains beside each other, when small copies of `sample_files` were kept; None where there are not two.

    Args:
        contents: what the folder holds.
        seen: its usable pictures.
    """
    files = sample_files(contents)
    if files is None:
        return None
    a, b = (small_images(seen, domain) for domain in files)
    if not len(a) or not len(b):
        return None
    members = [set(_training(contents, domain)) for domain in "AB"]
    sizes = [[(image.width, image.height) for image in seen if image.file in domain] for domain in members]
    return compare_domains(a, b, counts=(len(sizes[0]), len(sizes[1])), sizes=(sizes[0], sizes[1]))


def _training(contents: FolderContents, domain: str) -> list[Path]:
    return [
        file for group in contents.groups if (group.split, group.domain) == ("train", domain) for file in group.files
    ]
