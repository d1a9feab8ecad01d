"""Look at a folder of pictures before training: what it is, what is wrong with it, and what it serves."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from limner.config.data import DeriveSettings
from limner.data.compare_domains import DomainComparison
from limner.data.contents import FolderContents, Group, scan_folder
from limner.data.duplicates import exact_groups, near_pairs
from limner.data.folders import SPLITS, Split
from limner.data.images import Unreadable, is_side_by_side
from limner.data.scan import ScannedImage, compare_seen, sample_files, scan
from limner.data.suitability import Faults, Grade, give_verdict
from limner.files import printable, shown

SCHEMA: Final = 1


@dataclass(frozen=True)
class Sizes:
    """Width and height in pixels of the smallest, the middle and the largest usable picture by area."""

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    different: int


@dataclass(frozen=True)
class Inspection:
    """What was seen; `as_json` is the document of `limner data inspect --json`.

    Files are named relative to the folder.

    Attributes:
        path: the folder.
        kind: pairs, domains, labelled, images or nothing.
        layout: how the pictures are laid out.
        counts: usable pairs of each split, or usable pictures of each group where there are no pairs.
        classes: pictures of each training class, where there are class folders.
        sizes: of the usable pictures; None when there are none.
        unreadable: each file that cannot be used, with its true reason.
        unmatched: files without a partner.
        duplicates: groups of files with the same content or the same view within a split.
        leaks: pairs of files, in two splits, with the same content or the same view.
        grade: good, fair, poor or unusable.
        verdict: what the pictures serve, and their faults, in words.
        notes: what else a person should know.
        domains: A beside B, as CycleGAN and CUT meet them; None where there are not two domains.
    """

    path: str
    kind: str
    layout: str
    counts: dict[str, int]
    classes: dict[str, int]
    sizes: Sizes | None
    unreadable: list[Unreadable]
    unmatched: list[str]
    duplicates: list[list[str]]
    leaks: list[list[str]]
    grade: Grade
    verdict: str
    notes: list[str]
    domains: DomainComparison | None
    schema: int = SCHEMA

    def as_json(self) -> dict[str, object]:
        """The inspection in plain lists, dictionaries, strings and numbers."""
        return asdict(self)


def inspect_folder(
    path: Path,
    path_b: Path | None = None,
    derive: DeriveSettings | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Inspection:
    """Opens every picture of any folder and says what it sees.

    Args:
        path: the folder.
        path_b: a second one, when the two domains or the two halves of the pairs live apart.
        derive: how inputs would be made from single photographs.
        workers: threads that open pictures.
        progress: told (done, all) after each picture.

    Raises:
        DataError: there is no such folder, or a list of pairs in it cannot be understood.
    """
    contents = scan_folder(path, path_b)
    where = {file: group for group in contents.groups for file in group.files}
    both = sample_files(contents) or ([], [])
    seen, errors = scan(list(where), workers, progress, small={*both[0], *both[1]})
    unreadable = [Unreadable(shown(error.file, path), error.reason) for error in errors]
    if contents.layout == "side-by-side":
        seen, others = _only_side_by_side(seen, path)
        unreadable += others
    counts = _usable(contents, {image.file for image in seen})
    duplicates, leaks, complete = _repeated(seen, where, path)
    notes = [
        *contents.closed,
        *contents.notes,
        *([] if complete else ["too many pictures look alike to compare them all"]),
    ]
    repeated = sum(len(group) - 1 for group in duplicates)
    faults = Faults(len(unreadable), len(contents.unmatched), repeated, len(leaks))
    grade, verdict = give_verdict(contents, counts, faults, derive.kind if derive else None)
    return Inspection(
        path=printable(str(path)),
        kind=contents.kind,
        layout=contents.layout,
        counts=counts,
        classes={printable(name): count for name, count in contents.classes.items()},
        sizes=_sizes(seen),
        unreadable=unreadable,
        unmatched=contents.unmatched,
        duplicates=duplicates,
        leaks=leaks,
        grade=grade,
        verdict=verdict,
        notes=[printable(note) for note in notes],
        domains=compare_seen(contents, seen),
    )


def _only_side_by_side(seen: Sequence[ScannedImage], root: Path) -> tuple[list[ScannedImage], list[Unreadable]]:
    paired: list[ScannedImage] = []
    others: list[Unreadable] = []
    for image in seen:
        if is_side_by_side(image.width, image.height):
            paired.append(image)
        else:
            reason = f"{image.width} x {image.height} pixels is no side-by-side pair"
            others.append(Unreadable(shown(image.file, root), reason))
    return paired, others


def _usable(contents: FolderContents, readable: set[Path]) -> dict[str, int]:
    if contents.kind == "pairs":
        return {
            split: sum({source.path for source in pair.sources} <= readable for pair in pairs)
            for split, pairs in contents.pairs.items()
        }
    return {group.name: len(readable.intersection(group.files)) for group in contents.groups}


def _repeated(
    seen: Sequence[ScannedImage], where: dict[Path, Group], root: Path
) -> tuple[list[list[str]], list[list[str]], bool]:
    """Files that show the same: groups within one split, pairs across two, and whether all could be compared."""
    families = exact_groups(seen)
    complete = True
    for domain in sorted({group.domain for group in where.values()}):
        # The two halves of a pair may well look alike; that is no fault.
        near, all_seen = near_pairs([image for image in seen if where[image.file].domain == domain])
        families += [list(pair) for pair in near]
        complete &= all_seen
    duplicates: list[list[str]] = []
    leaks: list[list[str]] = []
    for family in families:
        by_split: dict[Split, list[str]] = {}
        for image in family:
            by_split.setdefault(where[image.file].split, []).append(shown(image.file, root))
        duplicates += [names for names in by_split.values() if len(names) > 1]
        firsts = [by_split[split][0] for split in SPLITS if split in by_split]
        leaks += [[firsts[0], other] for other in firsts[1:]]
    return duplicates, leaks, complete


def _sizes(seen: Sequence[ScannedImage]) -> Sizes | None:
    if not seen:
        return None
    sizes = sorted(((image.width, image.height) for image in seen), key=lambda size: size[0] * size[1])
    middle = sizes[statistics.median_low(range(len(sizes)))]
    return Sizes(sizes[0], middle, sizes[-1], len(set(sizes)))
