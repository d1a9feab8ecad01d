"""What a folder holds, whatever it is meant for: pairs, two unpaired domains, class folders or single photographs."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from limner.data.discover import TEST_SERVES, joined, mostly_side_by_side
from limner.data.folders import SPLITS, Domains, Images, Lists, Split, closed_folders, images_under, look
from limner.data.pairing import Pair, Source, match_names, read_lists
from limner.errors import DataError
from limner.files import is_folder, printable

Kind = Literal["pairs", "unpaired", "classes", "photographs", "nothing"]


@dataclass(frozen=True)
class Group:
    """Pictures that lie together: a split, or one domain of a split.

    Attributes:
        name: as a person would call it: train, trainA, ...
        split: train, val or test.
        domain: A or B; empty where there is one only.
        files: its pictures, sorted.
    """

    name: str
    split: Split
    domain: str
    files: list[Path]


@dataclass(frozen=True)
class FolderContents:
    """What was found by names and sizes.

    Attributes:
        kind: what the pictures are to one another.
        layout: how they are laid out.
        groups: every picture, once.
        pairs: the pairs of each split; empty unless `kind` is `pairs`.
        unmatched: files without a partner.
        classes: pictures of each class in the training split.
        notes: what a person should know, one sentence each.
    """

    kind: Kind
    layout: str
    groups: list[Group]
    pairs: dict[Split, list[Pair]] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def scan_folder(path: Path, path_b: Path | None = None) -> FolderContents:
    """Looks at a folder, or at two whose pictures may belong together by name.

    Raises:
        DataError: there is no such folder, it cannot be read, or a list of pairs in it cannot be understood.
    """
    notes: list[str] = []
    try:
        found = look(path, path_b)
    except DataError as error:
        if path_b is not None or not is_folder(path):
            raise
        notes.append(error.message)
        found = Images({"train": path})
    contents = _held(found, path, notes)
    served = [TEST_SERVES] if _test_serves(contents) else []
    return replace(contents, notes=[*closed_folders(found), *served, *contents.notes])


def _test_serves(contents: FolderContents) -> bool:
    """Whether the pictures of test would be taken for validation. Domains without pairs have no other usual name."""
    held = {split for split, pairs in contents.pairs.items() if pairs}
    if not contents.pairs and contents.kind != "unpaired":
        held = {group.split for group in contents.groups if group.files}
    return {"train", "test"} <= held and "val" not in held


def _held(found: Domains | Lists | Images, root: Path, notes: list[str]) -> FolderContents:
    match found:
        case Domains():
            return _domains(found, root)
        case Lists(lists):
            return _lists(lists, root)
        case Images(folders):
            return _images(folders, root, notes)


def _domains(found: Domains, root: Path) -> FolderContents:
    layout = found.layout
    groups = _domain_groups(found)
    if not any(group.files for group in groups):
        return FolderContents("nothing", "none", [])
    matches = {split: match_names(a, b, root) for split, (a, b) in found.halves.items()}
    every = joined(matches.values())
    notes = [f"{a} and {b} differ only in capital letters: rename one to pair them" for a, b in every.case_only]
    notes += [
        f"several files look to be named {name}, their accents coded differently: rename all but one"
        for name in every.look_alike
    ]
    if not matches:
        return FolderContents("unpaired", layout, groups, notes=notes)
    first = matches.get("train") or next(iter(matches.values()))
    if first.apart or not first.smaller:
        for split, both in matches.items():
            if split != "train" and both.pairs:
                notes.append(f"{len(both.pairs)} equal names in {split}: pairs there, to measure against")
        return FolderContents("unpaired", layout, groups, notes=notes)
    try:
        found.check_halves()
    except DataError as error:
        notes.append(error.message)
    pairs = {split: both.pairs for split, both in matches.items()}
    return FolderContents("pairs", layout, groups, pairs, every.unmatched, notes=notes)


def _domain_groups(found: Domains) -> list[Group]:
    """A before B of each split, named after the folders where these tell them apart."""
    placed = [
        (split, domain, folders[split])
        for split in SPLITS
        for domain, folders in (("A", found.a), ("B", found.b))
        if split in folders
    ]
    telling = found.layout != "A-B" and len({folder.name for _, _, folder in placed}) == len(placed)
    return [
        Group(printable(folder.name) if telling else f"{domain}/{split}", split, domain, images_under(folder))
        for split, domain, folder in placed
    ]


def _lists(lists: dict[Split, Path], root: Path) -> FolderContents:
    named = read_lists(lists)
    groups = []
    for split, matches in named.items():
        inputs = {pair.input.path for pair in matches.pairs if pair.input}
        groups.append(Group(f"{split} inputs", split, "A", sorted(inputs)))
        groups.append(Group(f"{split} targets", split, "B", sorted({p.target.path for p in matches.pairs} - inputs)))
    unmatched = [name for matches in named.values() for name in matches.unmatched]
    pairs = {split: matches.pairs for split, matches in named.items()}
    return FolderContents("pairs" if any(pairs.values()) else "nothing", "metadata", groups, pairs, unmatched)


def _images(folders: dict[Split, Path], root: Path, notes: list[str]) -> FolderContents:
    groups = [Group(split, split, "", images_under(folder)) for split, folder in folders.items()]
    files = [file for group in groups for file in group.files]
    if not files:
        return FolderContents("nothing", "none", [])
    if _side_by_side(files):
        pairs = {
            group.split: [Pair(file.stem, Source(file, "left"), Source(file, "right")) for file in group.files]
            for group in groups
        }
        return FolderContents("pairs", "side-by-side", groups, pairs, notes=notes)
    classes = _classes(folders.get("train", root), next((g.files for g in groups if g.split == "train"), []))
    if len(classes) == 2 and len(groups) == 1 and (twins := _twin_folders(root, sorted(classes))):
        return twins
    kind: Kind = "classes" if len(classes) > 1 else "photographs"
    layout = "class-folders" if kind == "classes" else "photographs"
    return FolderContents(kind, layout, groups, classes=classes if kind == "classes" else {}, notes=notes)


def _side_by_side(files: list[Path]) -> bool:
    try:
        return mostly_side_by_side(files)
    except DataError:
        return False


def _classes(folder: Path, files: list[Path]) -> dict[str, int]:
    """Pictures in each folder right below; empty when some lie outside of any."""
    below = [file.relative_to(folder).parts for file in files]
    if any(len(parts) < 2 for parts in below):
        return {}
    return dict(sorted(Counter(parts[0] for parts in below).items()))


def _twin_folders(root: Path, names: list[str]) -> FolderContents | None:
    """Two folders whose pictures bear the same names are most likely two halves of pairs, not two classes."""
    a, b = (root / name for name in names)
    matches = match_names(a, b, root)
    if len(matches.unmatched) > 0.1 * 2 * len(matches.pairs):
        return None
    groups = [Group(folder.name, "train", domain, images_under(folder)) for domain, folder in (("A", a), ("B", b))]
    words = shlex.join([f"data.path={a}", f"data.path_b={b}"])
    note = f"two folders of equal names: train on them as pairs with {words}"
    return FolderContents("pairs", "two-folders", groups, {"train": matches.pairs}, matches.unmatched, notes=[note])
