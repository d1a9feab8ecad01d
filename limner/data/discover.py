"""Find the pairs in a folder by looking at it, and split them into training and validation."""

from __future__ import annotations

import hashlib
import shlex
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeVar

from limner.config.data import DataSettings
from limner.data.folders import Domains, Images, Lists, Split, closed_folders, images_under, look, no_images
from limner.data.images import ImageError, image_size
from limner.data.pairing import Item, Matches, Pair, Source, match_names, name_in, read_lists, same_name
from limner.errors import DataError

ItemT = TypeVar("ItemT", bound=Item)
Layout = Literal["side-by-side", "trainA-trainB", "A-B", "two-folders", "metadata", "photographs"]

SIDE_BY_SIDE: Final = (1.8, 2.25)
"""Width over height of a side-by-side picture: wider than 16:9, narrower than the cinema's 2.35."""
TEST_SERVES: Final = "there are no val pictures, so those of test serve as validation: keep others for the final test"
"""The warning where pictures are measured in training that their name keeps for the end."""
_LOOKED_AT: Final = 25


@dataclass(frozen=True)
class Listing:
    """The pairs that were found, none of them opened yet.

    Attributes:
        root: the folder that was looked at.
        layout: how the pairs are laid out in it.
        train: pairs to learn from, sorted by name.
        validation: pairs kept back, sorted by name.
        split_made: whether limner chose the validation pairs itself.
        unmatched: files without a partner.
        case_only: two files each whose names differ only in capital letters.
        warnings: what a person should know, one sentence each.
    """

    root: Path
    layout: Layout
    train: list[Pair]
    validation: list[Pair]
    split_made: bool
    unmatched: list[str]
    case_only: list[tuple[str, str]]
    warnings: list[str]


def discover(settings: DataSettings) -> Listing:
    """Finds the pairs of `settings.path`; the same folder and settings always give the same listing.

    Raises:
        DataError: there is no such folder, it cannot be read, no picture is in it, no pair, too many pictures without a
            partner, two domains instead of pairs, or single photographs although `derive` is not set.
    """
    if settings.path is None:
        raise DataError("no pictures are given to train on", "data.path=FOLDER")
    root = settings.path.expanduser()
    found = look(root, settings.path_b.expanduser() if settings.path_b else None)
    layout, splits = _splits(root, found, settings)
    _refuse_two_domains(settings, splits)
    matches = joined(splits.values())
    check_matches(root, matches, settings.max_bad)
    listing = _divide(root, layout, splits, matches, settings)
    return replace(listing, warnings=[*closed_folders(found), *listing.warnings])


def is_side_by_side(width: int, height: int) -> bool:
    """Whether a picture of this size looks like two square-ish halves, left and right."""
    return SIDE_BY_SIDE[0] <= width / height <= SIDE_BY_SIDE[1]


def mostly_side_by_side(files: Sequence[Path]) -> bool:
    """Whether most pictures (of 25 looked at, evenly chosen) are about twice as wide as high.

    Raises:
        DataError: none of those looked at can be opened.
    """
    wide: list[bool] = []
    errors: list[ImageError] = []
    for file in files[:: max(1, len(files) // _LOOKED_AT)]:
        try:
            wide.append(is_side_by_side(*image_size(file)))
        except ImageError as error:
            errors.append(error)
    if not wide:
        more = f" (and {len(errors) - 1} more like it)" if len(errors) > 1 else ""
        raise DataError(
            f"no picture can be opened. {errors[0].message}{more}", "limner data inspect lists every bad file"
        )
    return statistics.fmean(wide) >= 0.5


def _splits(root: Path, found: Domains | Lists | Images, settings: DataSettings) -> tuple[Layout, dict[Split, Matches]]:
    swap = settings.direction == "BtoA"
    match found:
        case Images(folders):
            files = {split: images_under(folder) for split, folder in folders.items()}
            every = [file for split in files.values() for file in split]
            if not every:
                raise no_images(root)
            if settings.derive is not None:
                return "photographs", {name: _photographs(folders[name], files[name]) for name in folders}
            if not mostly_side_by_side(every):
                raise DataError(
                    f"{root} holds single photographs ({len(every)}), not pairs",
                    "data.derive.kind=edges makes the input from each photograph (or grey, low-resolution, blur-noise)",
                )
            return "side-by-side", {name: _halves(folders[name], files[name], swap) for name in folders}
        case Domains(layout=layout):
            _refuse_derive(root, settings)
            found.check_halves()
            both = {split: match_names(a, b, root) for split, (a, b) in found.halves.items()}
            return layout, {split: _turned(matches) if swap else matches for split, matches in both.items()}
        case Lists(lists):
            _refuse_derive(root, settings)
            named = read_lists(lists)
            return "metadata", {split: _turned(matches) if swap else matches for split, matches in named.items()}


def _refuse_derive(root: Path, settings: DataSettings) -> None:
    if settings.derive is not None:
        raise DataError(
            f"{root} already holds pairs, but data.derive.kind={settings.derive.kind} asks to make the inputs",
            "remove data.derive, or let data.path point at the folder of targets",
        )


def _refuse_two_domains(settings: DataSettings, splits: dict[Split, Matches]) -> None:
    """Where hardly a training picture has a partner, other halves are not what is missing, and `max_bad` is no help."""
    train = splits.get("train")
    if train is None or not train.apart:
        return
    if train.pairs and _lone_share(joined(splits.values())) <= settings.max_bad:
        return
    words = [f"data.path={settings.path}", *([f"data.path_b={settings.path_b}"] if settings.path_b else [])]
    raise DataError(
        f"{settings.path} holds two domains without pairs: of its training pictures {2 * len(train.pairs)} have a "
        f"partner of the same name and {len(train.unmatched)} have none, such as {train.unmatched[0]}",
        f"limner train cyclegan-horse2zebra {shlex.join(words)} learns without pairs; pairs need the same name in both",
    )


def _photographs(folder: Path, files: list[Path]) -> Matches:
    return Matches([Pair(name_in(folder, file), None, Source(file)) for file in files], [], [])


def _halves(folder: Path, files: list[Path], swap: bool) -> Matches:
    pairs = [Pair(name_in(folder, file), Source(file, "left"), Source(file, "right")) for file in files]
    return _turned(Matches(pairs, [], [])) if swap else Matches(pairs, [], [])


def _turned(matches: Matches) -> Matches:
    pairs = [replace(pair, input=pair.target, target=pair.input) for pair in matches.pairs if pair.input]
    return replace(matches, pairs=pairs)


def joined(splits: Iterable[Matches]) -> Matches:
    """The matches of all splits together."""
    splits = list(splits)
    return Matches(
        [pair for split in splits for pair in split.pairs],
        [name for split in splits for name in split.unmatched],
        [names for split in splits for names in split.case_only],
        [name for split in splits for name in split.look_alike],
    )


def check_matches(root: Path, matches: Matches, max_bad: float) -> None:
    """Refuses a folder without pairs, or with too many pictures that have no partner.

    Raises:
        DataError: says which, and what names they have.
    """
    lone, pairs = len(matches.unmatched), len(matches.pairs)
    refused = _lone_share(matches) > max_bad or not pairs
    if matches.case_only and refused:
        names = "; ".join(f"{a} and {b}" for a, b in matches.case_only[:5])
        raise DataError(
            f"names in {root} differ only in capital letters, so they are not taken for pairs: {names}",
            "rename them to the same spelling",
        )
    if matches.look_alike and refused:
        raise DataError(
            f"in {root} several files of one folder bear names that look the same, their accents coded differently, so "
            f"their partners cannot be told: {'; '.join(matches.look_alike[:5])}",
            "rename all but one of each",
        )
    if not pairs and lone:
        raise DataError(
            f"no picture in {root} has a partner of the same name ({lone} without, such as {matches.unmatched[0]})",
            "pairs need the same name in both folders; pictures that do not belong together are not paired data",
        )
    if not pairs:
        raise no_images(root)
    if refused:
        first = ", ".join(matches.unmatched[:5]) + (" ..." if lone > 5 else "")
        raise DataError(
            f"{lone} pictures in {root} have no partner: {first}",
            f"add the other half of each, or allow it with data.max_bad (now {max_bad:g})",
        )


def _lone_share(matches: Matches) -> float:
    """Share of the pictures that have no partner; 0 where there are none at all."""
    lone = len(matches.unmatched)
    return lone / max(1, lone + 2 * len(matches.pairs))


def _divide(
    root: Path, layout: Layout, splits: dict[Split, Matches], matches: Matches, settings: DataSettings
) -> Listing:
    pairs = {name: sorted(split.pairs, key=lambda pair: pair.name) for name, split in splits.items()}
    train, kept = pairs.get("train", []), pairs.get("val") or pairs.get("test") or []
    made = bool(train) and not kept and settings.validation > 0
    if not train:
        raise _no_training(root, splits)
    if made:
        train, kept = divide(train, settings.validation)
    warnings = [TEST_SERVES] if pairs.get("test") and not pairs.get("val") else []
    warnings += [f"{a} and {b} differ only in capital letters and are not paired" for a, b in matches.case_only]
    warnings += [
        f"several files look to be named {name}, their accents coded differently: not all of them are paired"
        for name in matches.look_alike
    ]
    if matches.unmatched:
        warnings.append(f"{len(matches.unmatched)} pictures without a partner are left out")
    if layout == "photographs" and mostly_side_by_side([pair.target.path for pair in train]):
        warnings.append(
            "the pictures are about twice as wide as high: if they are side-by-side pairs, remove data.derive"
        )
    return Listing(root, layout, train, kept, made, matches.unmatched, matches.case_only, warnings)


def _no_training(root: Path, splits: dict[Split, Matches]) -> DataError:
    others = " and ".join(sorted(name for name, split in splits.items() if split.pairs))
    if "train" in splits and (lone := splits["train"].unmatched):
        return DataError(
            f"{root} holds no training pairs, only {others}: {lone[0]} has no partner, and no other picture of train",
            "pairs need the same name in both folders, capital letters included",
        )
    return DataError(f"{root} holds no training pictures, only {others}", "add training pictures in a folder train")


def divide(items: Sequence[ItemT], share: float) -> tuple[list[ItemT], list[ItemT]]:
    """Training and validation pairs, chosen by a hash of each name, so that a new picture moves no other.

    Of two or more at least one is kept back and at least one is left to learn from. The same for single pictures.
    """
    ranks = {item: _rank(item.name) for item in items}
    kept = {item for item in items if ranks[item] < share}
    if len(items) > 1 and not kept:
        kept = {min(items, key=ranks.__getitem__)}
    if len(kept) == len(items):
        kept -= {max(items, key=ranks.__getitem__)}
    return [item for item in items if item not in kept], [item for item in items if item in kept]


def _rank(name: str) -> float:
    content = same_name(name).encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest()) / 2**64
