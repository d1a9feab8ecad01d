"""What training uses of a folder, in training and validation; and the finding of single pictures and classes."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.config.data import DataSettings, LabelledDataSettings
from limner.config.keys import nearest
from limner.data.contents import TEST_SERVES, FolderContents, class_folders
from limner.data.folders import ImageFolder, Split, no_images
from limner.data.pairing import Item, Source, name_in, same_name
from limner.errors import DataError
from limner.files import printable, shown

Items = dict[Split, list[Item]]
"""What was found in each split."""


@dataclass(frozen=True)
class Listing:
    """The pictures that were found, none of them opened yet; sorted by name, and always the same ones.

    Attributes:
        root: the folder that was looked at.
        layout: how they are laid out in it.
        train: what to learn from: one list, or those of domain A and of domain B.
        validation: what is kept back, in the same form.
        aligned: whether the validation items of both domains are pairs, item by item.
        split_made: whether limner chose validation items itself.
        unmatched: files without a partner, where there are pairs.
        warnings: what a person should know, one sentence each.
        classes: names of the classes by label; empty without classes.
    """

    root: Path
    layout: str
    train: tuple[list[Item], ...]
    validation: tuple[list[Item], ...]
    split_made: bool
    warnings: list[str]
    unmatched: list[str]
    aligned: bool = False
    classes: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """What a person would call each list: the folder, or each domain's letter and where its pictures are."""
        if len(self.train) == 1:
            return (str(self.root),)
        a, b = (os.path.commonpath([item.sources[0].path.parent for item in items]) for items in self.train)
        return f"domain A ({a})", f"domain B ({b})"


def find_images(settings: DataSettings, contents: FolderContents) -> Listing:
    """Pictures that stand for themselves, whatever folders they lie in.

    Raises:
        DataError: there are no training pictures, or there are only pairs or domains.
    """
    plain = _single_images(contents)
    train, kept, made = train_and_validation(
        {split: singles(folder) for split, folder in plain.items()}, settings.validation
    )
    if not train:
        raise no_training(contents.root, (split for split, folder in plain.items() if folder.files))
    return Listing(contents.root, contents.layout, (train,), (kept,), made, _warnings(contents), [])


def find_labelled(settings: LabelledDataSettings, contents: FolderContents) -> Listing:
    """Pictures of classes. Each class is divided by itself, so that of a rare one, too, some are kept back.

    Raises:
        DataError: as `class_names`.
    """
    plain, names = _single_images(contents), class_names(settings, contents)
    found = class_folders(plain)
    every: Items = {
        split: [
            Item(name_in(plain[split].path, file), (Source(file),), label)
            for label, name in enumerate(names)
            for file in classes.get(name, [])
        ]
        for split, classes in found.items()
    }
    train, kept, made = train_and_validation(every, 0.0)
    if not kept and settings.validation:
        members: dict[int, list[Item]] = defaultdict(list)
        for item in train:
            members[item.label].append(item)
        both = [divide(items, settings.validation) for items in members.values()]
        train, kept = (sorted((item for each in both for item in each[end]), key=_order) for end in (0, 1))
        made = True
    warnings = _warnings(contents)
    there = {item.label for item in kept}
    if missing := [name for label, name in enumerate(names) if kept and label not in there]:
        warnings.append(f"no validation pictures of {', '.join(missing)}")
    if others := sorted({name for classes in found.values() for name in classes} - {*names, ""}):
        warnings.append(f"class folders that are left out: {', '.join(map(printable, others))}")
    return Listing(contents.root, "class-folders", (train,), (kept,), made, warnings, [], classes=names)


def class_names(settings: LabelledDataSettings, contents: FolderContents) -> tuple[str, ...]:
    """The classes of a folder in the order of their labels: those that the settings name, else all, sorted.

    Raises:
        DataError: there are no class folders, or the settings name one that is not there or empty.
    """
    root, classes = contents.root, class_folders(_single_images(contents)).get("train", {})
    if outside := classes.pop("", []):
        raise DataError(
            f"{root} holds pictures outside of any class folder, {len(outside)} such as {shown(outside[0], root)}",
            "put each picture in the folder of its class, such as train/cat/1.jpg",
        )
    if len(classes) < 2:
        raise DataError(
            f"{root} holds no folders of two or more classes", "a folder for each class: cat/1.jpg, or train/cat/1.jpg"
        )
    if odd := [name for name in classes if printable(name) != name]:
        raise DataError(f"the class folder {printable(odd[0])} in {root} has no name in UTF-8", "rename it")
    for name in settings.classes or ():
        if name not in classes:
            similar = nearest(name, classes)
            raise DataError(
                f"data.classes names '{name}', but {root} holds no training pictures of that class",
                f"a similar class exists: '{similar}'" if similar else f"there are: {', '.join(sorted(classes))}",
            )
    return settings.classes or tuple(sorted(classes))


def train_and_validation(splits: Items, share: float) -> tuple[list[Item], list[Item], bool]:
    """Training and validation items, sorted by name, and whether limner divided them."""
    named = {split: sorted(items, key=_order) for split, items in splits.items()}
    train, kept = named.get("train", []), named.get("val") or named.get("test") or []
    if kept or not train or not share:
        return train, kept, False
    return *divide(train, share), True


def divide(items: Sequence[Item], share: float) -> tuple[list[Item], list[Item]]:
    """Training and validation items, chosen by a hash of each name, so that a new picture moves no other.

    Of two or more at least one is kept back and at least one is left to learn from.
    """
    ranks = [_rank(item.name) for item in items]
    kept = {row for row, rank in enumerate(ranks) if rank < share}
    if len(items) > 1 and not kept:
        kept = {ranks.index(min(ranks))}
    if kept and len(kept) == len(items):
        kept.remove(ranks.index(max(ranks)))
    train = [item for row, item in enumerate(items) if row not in kept]
    return train, [items[row] for row in sorted(kept)]


def singles(folder: ImageFolder) -> list[Item]:
    """Each picture of a folder by itself."""
    return [Item(name_in(folder.path, file), (Source(file),)) for file in folder.files]


def no_training(root: Path, splits: Iterable[str]) -> DataError:
    """The error for a folder that has pictures of other splits only."""
    return DataError(
        f"{root} holds no training pictures, only {' and '.join(sorted(splits))}",
        "add training pictures in a folder train",
    )


def _single_images(contents: FolderContents) -> dict[Split, ImageFolder]:
    """The pictures of each split whatever they are to one another."""
    if contents.plain:
        return contents.plain
    if contents.kind == "nothing":
        raise contents.fault or no_images(contents.root)
    places = sorted({str(group.folder) for group in contents.groups if group.split == "train"})
    raise DataError(
        f"{contents.root} holds pictures that belong together ({contents.layout}), where single ones are needed",
        f"name the folder of one kind of pictures: data.path={shlex.quote(places[0]) if places else 'FOLDER'}",
    )


def _warnings(contents: FolderContents) -> list[str]:
    """What is noted of the folder, less how its pictures might be pairs."""
    return [*contents.closed, *(note for note in contents.notes if note == TEST_SERVES)]


def _rank(name: str) -> float:
    content = same_name(name).encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest()) / 2**64


def _order(item: Item) -> tuple[str, str]:
    return item.name, str(item.sources[0].path)
