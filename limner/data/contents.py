"""What a folder of pictures holds, told by looking at it once: pairs, two domains, classes, or single pictures.

Training makes its pairs, domains, classes or pictures from what is found here (`discover`), and `limner data inspect`
describes it, so that both always mean the same.
"""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from limner.data.folders import (
    SPLITS,
    Halves,
    ImageFolder,
    Split,
    folders_in,
    halves_of,
    image_folder,
    missing_half,
    no_images,
    pair_lists,
    split_folders,
    suffixed_halves,
)
from limner.data.images import ImageError, image_size, is_side_by_side
from limner.data.pairing import Item, Matches, Source, match_names, name_in, read_lists
from limner.data.splits import spread
from limner.errors import DataError
from limner.files import printable

Kind = Literal["pairs", "domains", "labelled", "images", "nothing"]
Layout = Literal[
    "side-by-side", "trainA-trainB", "A-B", "two-folders", "metadata", "class-folders", "photographs", "none"
]

TEST_SERVES: Final = "there are no val pictures, so those of test serve as validation: keep others for the final test"
"""The note where pictures are measured in training that their name keeps for the end."""
_LOOKED_AT: Final = 25
_TWINS: Final = 0.1
"""Most pictures without a partner, for each pair, in two folders of equal names that are taken for pairs."""


@dataclass(frozen=True)
class Group:
    """Pictures that lie together: a split, or one domain of a split.

    Attributes:
        name: as a person would call it: train, trainA, ...
        split: train, val or test.
        domain: A or B; empty where there is one only.
        folder: what its pictures are named in.
        files: its pictures, sorted.
    """

    name: str
    split: Split
    domain: str
    folder: Path
    files: list[Path]


@dataclass(frozen=True)
class FolderContents:
    """What was found by names and sizes.

    Attributes:
        root: the folder.
        kind: what the pictures are to one another.
        layout: how they are laid out.
        groups: every picture, once.
        matches: what belongs together in each split; also where that is too little to call the pictures pairs.
        plain: the pictures of each split whatever they are to one another; empty with folders of domains or a list.
        classes: training pictures of each class, where all lie in folders of two or more classes.
        closed: a warning when folders below cannot be read, each with the true reason.
        notes: what else a person should know, one sentence each.
        fault: why neither pairs nor domains can be learnt from it, if so.
        missing_half: why its pairs cannot be learnt from although its domains can, if so.
    """

    root: Path
    kind: Kind
    layout: Layout
    groups: list[Group] = field(default_factory=list)
    matches: dict[Split, Matches] = field(default_factory=dict)
    plain: dict[Split, ImageFolder] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fault: DataError | None = None
    missing_half: DataError | None = None

    @property
    def pairs(self) -> dict[Split, list[Item]]:
        """The pairs of each split, where there are any by kind."""
        return {split: found.pairs for split, found in self.matches.items()} if self.kind == "pairs" else {}

    @property
    def unmatched(self) -> list[str]:
        """Files without a partner, where the others are pairs."""
        found = self.kind == "pairs" or self.layout == "metadata"
        return [name for each in self.matches.values() for name in each.unmatched] if found else []

    def files(self, split: Split, domain: str) -> list[Path]:
        """The pictures of a split, of one domain where there are two."""
        return [file for group in self.groups if (group.split, group.domain) == (split, domain) for file in group.files]


def scan_folder(path: Path, path_b: Path | None = None) -> FolderContents:
    """Looks at a folder, or at two: one for each domain, or one for each half of the pairs.

    A fault that other kinds of pictures can live with is described, not raised.

    Raises:
        DataError: a folder is missing or cannot be read.
    """
    folders = folders_in(path)
    if path_b is not None:
        return _domains(path, "two-folders", halves_of(path, folders), halves_of(path_b, folders_in(path_b)))
    splits, fault = split_folders(folders), None
    if lists := pair_lists(path, splits):
        try:
            return _listed(path, lists)
        except DataError as error:
            fault = error
    elif halves := suffixed_halves(folders):
        a, b = halves
        # Without a training half this is no pair of domains at all.
        if "train" not in a.keys() ^ b.keys() and a.keys() & b.keys():
            return _domains(path, "trainA-trainB", a, b)
        fault = missing_half("trainA-trainB", a, b)
    # Beside a and b, a folder c says that all are classes.
    if {"a", "b"} <= folders.keys() and "c" not in folders:
        a, b = (halves_of(folders[domain], folders_in(folders[domain])) for domain in "ab")
        return replace(_domains(path, "A-B", a, b), fault=fault)
    inner = {split: folders_in(folder) for split, folder in splits.items()}
    if inner and all(names.keys() == {"a", "b"} for names in inner.values()):
        a, b = ({split: names[domain] for split, names in inner.items()} for domain in "ab")
        return replace(_domains(path, "A-B", a, b), fault=fault)
    return _plain(path, splits or {"train": path}, fault)


def class_folders(plain: dict[Split, ImageFolder]) -> dict[Split, dict[str, list[Path]]]:
    """The pictures of each class folder of each split; the class of pictures outside of any is ''."""
    found: dict[Split, dict[str, list[Path]]] = {}
    for split, folder in plain.items():
        classes, depth = found.setdefault(split, {}), len(folder.path.parts)
        for file in folder.files:
            below = file.parts[depth:]
            classes.setdefault(below[0] if len(below) > 1 else "", []).append(file)
    return found


def _listed(root: Path, lists: dict[Split, Path]) -> FolderContents:
    matches = read_lists(lists)
    groups = []
    for split, each in matches.items():
        inputs = {pair.sources[0].path for pair in each.pairs}
        targets = {pair.sources[1].path for pair in each.pairs} - inputs
        groups.append(Group(f"{split} inputs", split, "A", root, sorted(inputs)))
        groups.append(Group(f"{split} targets", split, "B", root, sorted(targets)))
    notes = _served({split for split, each in matches.items() if each.pairs})
    kind: Kind = "pairs" if any(each.pairs for each in matches.values()) else "nothing"
    return FolderContents(root, kind, "metadata", groups, matches, notes=notes)


def _domains(root: Path, layout: Layout, a: Halves, b: Halves) -> FolderContents:
    seen_a, seen_b = ({split: image_folder(folder) for split, folder in half.items()} for half in (a, b))
    closed = _closed([*seen_a.values(), *seen_b.values()])
    groups = _domain_groups(layout, seen_a, seen_b)
    lacking = missing_half(layout, a, b)
    matches = {split: match_names(seen_a[split], seen_b[split], root) for split in SPLITS if split in a and split in b}
    if not any(group.files for group in groups):
        return FolderContents(root, "nothing", layout, groups, matches, closed=closed, missing_half=lacking)
    every = Matches.joined(matches.values())
    notes = [f"{one} and {other} differ only in capital letters and are not paired" for one, other in every.case_only]
    notes += [
        f"several files look to be named {name}, their accents coded differently: not all of them are paired, so "
        "rename all but one"
        for name in every.look_alike
    ]
    first = matches.get("train") or next(iter(matches.values()), Matches([]))
    kind: Kind = "domains" if first.apart or not first.smaller else "pairs"
    if kind == "pairs":
        notes = [*_served({split for split, each in matches.items() if each.pairs}), *notes]
        notes += [lacking.message] if lacking else []
    else:
        counts = {split: len(each.pairs) for split, each in matches.items() if split != "train" and each.pairs}
        notes += [f"{count} equal names in {split}: pairs there, to measure against" for split, count in counts.items()]
    return FolderContents(root, kind, layout, groups, matches, closed=closed, notes=notes, missing_half=lacking)


def _domain_groups(layout: Layout, a: dict[Split, ImageFolder], b: dict[Split, ImageFolder]) -> list[Group]:
    """A before B of each split, named after the folders where these tell them apart."""
    placed = [
        (split, domain, folders[split])
        for split in SPLITS
        for domain, folders in (("A", a), ("B", b))
        if split in folders
    ]
    telling = layout != "A-B" and len({folder.path.name for _, _, folder in placed}) == len(placed)
    return [
        Group(printable(folder.path.name) if telling else f"{domain}/{split}", split, domain, folder.path, folder.files)
        for split, domain, folder in placed
    ]


def _plain(root: Path, splits: dict[Split, Path], fault: DataError | None) -> FolderContents:
    plain = {split: image_folder(folder) for split, folder in splits.items()}
    closed, notes = _closed(list(plain.values())), [fault.message] if fault else []
    files = [file for folder in plain.values() for file in folder.files]
    if not files:
        return FolderContents(root, "nothing", "none", closed=closed, notes=notes, fault=fault or no_images(root))
    notes = _served({split for split, folder in plain.items() if folder.files}) + notes
    groups = [Group(split, split, "", folder.path, folder.files) for split, folder in plain.items()]
    found = FolderContents(root, "images", "photographs", groups, {}, plain, {}, closed, notes, fault)
    try:
        if _mostly_side_by_side(files):
            return replace(found, kind="pairs", layout="side-by-side", matches=_side_by_side(plain))
    except DataError as error:
        found = replace(found, fault=fault or error)
    classes = class_folders(plain)
    if twins := _twin_folders(found, classes):
        return twins
    names = classes.get("train", {})
    if len(names) < 2 or "" in names:
        return found
    counts = {name: len(names[name]) for name in sorted(names)}
    return replace(found, kind="labelled", layout="class-folders", classes=counts)


def _side_by_side(plain: dict[Split, ImageFolder]) -> dict[Split, Matches]:
    return {
        split: Matches(
            [Item(name_in(folder.path, file), (Source(file, "left"), Source(file, "right"))) for file in folder.files]
        )
        for split, folder in plain.items()
    }


def _mostly_side_by_side(files: Sequence[Path]) -> bool:
    """Whether most pictures (of 25 looked at, evenly chosen) are about twice as wide as high.

    Raises:
        DataError: none of those looked at can be opened.
    """
    wide: list[bool] = []
    errors: list[ImageError] = []
    for index in spread(len(files), _LOOKED_AT):
        try:
            wide.append(is_side_by_side(*image_size(files[index])))
        except ImageError as error:
            errors.append(error)
    if not wide:
        more = f" (and {len(errors) - 1} more like it)" if len(errors) > 1 else ""
        raise DataError(
            f"no picture can be opened. {errors[0].message}{more}", "limner data inspect lists every bad file"
        )
    return statistics.fmean(wide) >= 0.5


def _twin_folders(found: FolderContents, classes: dict[Split, dict[str, list[Path]]]) -> FolderContents | None:
    """Two folders whose pictures bear the same names are most likely two halves of pairs, not two classes."""
    names = sorted({name for split in classes.values() for name in split})
    if len(names) != 2 or "" in names or any(len(split) != 2 for split in classes.values()):
        return None
    a, b = (
        {split: ImageFolder(found.plain[split].path / name, classes[split][name], []) for split in classes}
        for name in names
    )
    matches = {split: match_names(a[split], b[split], found.root) for split in classes}
    every = Matches.joined(matches.values())
    if len(every.unmatched) > _TWINS * 2 * len(every.pairs):
        return None
    tip = "rename these two folders to A and B in each split"
    if len(classes) == 1:
        one, other = (next(iter(half.values())).path for half in (a, b))
        tip = shlex.join([f"data.path={one}", f"data.path_b={other}"])
    return replace(
        found,
        kind="pairs",
        layout="two-folders",
        groups=_domain_groups("two-folders", a, b),
        matches=matches,
        notes=[
            *found.notes,
            f"two folders of equal names, {names[0]} and {names[1]}: to train on them as pairs, {tip}",
        ],
        fault=found.fault or DataError(f"{found.root} holds two folders of equal names: {names[0]}, {names[1]}", tip),
    )


def _served(splits: set[Split]) -> list[str]:
    """A note when the pictures of test are taken for validation. Domains without pairs have no other usual name."""
    return [TEST_SERVES] if {"train", "test"} <= splits and "val" not in splits else []


def _closed(folders: Sequence[ImageFolder]) -> list[str]:
    closed = list(dict.fromkeys(name for folder in folders for name in folder.closed))
    if not closed:
        return []
    first = ", ".join(closed[:5]) + (" ..." if len(closed) > 5 else "")
    return [f"{len(closed)} folders cannot be read, so what is in them is left out: {first}"]
