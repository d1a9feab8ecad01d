"""Find two domains of pictures in a folder, or in two, and split each into training and validation."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from limner.config.domains import DomainDataSettings
from limner.data.discover import Layout, check_matches, discover, divide, joined, mostly_side_by_side
from limner.data.folders import Domains, Images, Lists, Split, closed_folders, images_under, look, no_images
from limner.data.pairing import Single, Source, name_in, read_lists, same_name
from limner.errors import DataError
from limner.files import shown

TRUTH: Final = 0.9
"""Least share of the smaller domain's validation pictures whose names must be in the other, too, to be taken for
pairs."""

_Singles = dict[Split, list[Single]]


@dataclass(frozen=True)
class DomainListing:
    """The pictures of two domains that were found, none of them opened yet; A before B everywhere.

    Attributes:
        root: the folder that was looked at.
        layout: how the domains are laid out in it.
        train: pictures to learn from, sorted by name; the same names in both where the training is paired.
        validation: pictures kept back, sorted by name; the same names in both where these are the hidden truth.
        truth: whether the validation pictures are pairs.
        split_made: whether limner chose the validation pictures of a domain itself.
        unmatched: files without a partner, where there are pairs.
        warnings: what a person should know, one sentence each.
    """

    root: Path
    layout: Layout
    train: tuple[list[Single], list[Single]]
    validation: tuple[list[Single], list[Single]]
    truth: bool
    split_made: bool
    unmatched: list[str]
    warnings: list[str]

    @property
    def places(self) -> tuple[str, str]:
        """Each domain's letter, and the folder that its training pictures are in."""
        a, b = (os.path.commonpath([single.source.path.parent for single in singles]) for singles in self.train)
        return f"domain A ({a})", f"domain B ({b})"


def discover_domains(settings: DomainDataSettings) -> DomainListing:
    """Finds both domains; the same folders and settings always give the same listing.

    Raises:
        DataError: there is no such folder, a domain holds no training pictures, both are one folder, single photographs
            without a second folder, or no pairs although `paired` is set.
    """
    if settings.path is None:
        raise DataError("no pictures are given to train on", "data.path=FOLDER")
    found = look(settings.path, settings.path_b)
    if isinstance(found, Domains):
        _refuse_one_folder(found)
    layout, a, b, missing = _domains(settings.path, found, settings.max_bad)
    listing = (_pairs if settings.paired else _unpaired)(settings, settings.path, layout, a, b)
    if settings.paired:
        return listing
    warnings = closed_folders(found)
    if missing:
        warnings.append(f"{len(missing)} pictures without a partner are left out")
    return replace(listing, unmatched=missing + listing.unmatched, warnings=[*warnings, *listing.warnings])


def _refuse_one_folder(found: Domains) -> None:
    for split, (a, b) in found.halves.items():
        real_a, real_b = a.resolve(), b.resolve()
        if real_a == real_b:
            raise DataError(
                f"both domains are the same folder: {a} and {b} ({split})",
                "give the folder of the other kind of pictures with data.path_b",
            )
        if real_a in real_b.parents or real_b in real_a.parents:
            raise DataError(
                f"one domain lies inside the other, so its pictures are in both: {a} and {b} ({split})",
                "put the pictures of the two domains in folders of their own",
            )


def _domains(
    root: Path, found: Domains | Lists | Images, max_bad: float
) -> tuple[Layout, _Singles, _Singles, list[str]]:
    """The layout, the pictures of A and of B by split, and what a list names although it is not there."""
    match found:
        case Domains():
            return found.layout, _of_folders("A", found.a), _of_folders("B", found.b), []
        case Lists(lists):
            matches = read_lists(lists)
            check_matches(root, joined(matches.values()), max_bad)
            a = {s: _once(Single(pair.name, pair.sources[0]) for pair in m.pairs) for s, m in matches.items()}
            b = {s: _once(Single(pair.name, pair.sources[-1]) for pair in m.pairs) for s, m in matches.items()}
            return "metadata", a, b, joined(matches.values()).unmatched
        case Images(folders):
            files = {split: images_under(folder) for split, folder in folders.items()}
            every = [file for split in files.values() for file in split]
            if not every:
                raise no_images(root)
            if not mostly_side_by_side(every):
                raise _one_domain(root, folders, files)
            left, right = (_halves(folders, files, side) for side in _SIDES)
            return "side-by-side", left, right, []


_SIDES: Final[tuple[Literal["left", "right"], ...]] = ("left", "right")


def _of_folders(domain: str, folders: dict[Split, Path]) -> _Singles:
    found = {
        split: [Single(name_in(folder, file), Source(file)) for file in images_under(folder)]
        for split, folder in folders.items()
    }
    if not found.get("train"):
        folder = folders.get("train") or next(iter(folders.values()))
        if "train" in folders:
            error = no_images(folder)
            raise DataError(f"domain {domain} has no training pictures: {error.message}", error.tip)
        raise DataError(f"domain {domain} has no training pictures, only {folder}", "add its training folder")
    return found


def _halves(folders: dict[Split, Path], files: dict[Split, list[Path]], side: Literal["left", "right"]) -> _Singles:
    return {
        split: [Single(name_in(folder, file), Source(file, side)) for file in files[split]]
        for split, folder in folders.items()
    }


def _once(singles: Iterable[Single]) -> list[Single]:
    """The first of those that stand for the same picture."""
    firsts: dict[Source, Single] = {}
    for single in singles:
        firsts.setdefault(single.source, single)
    return list(firsts.values())


def _one_domain(root: Path, folders: dict[Split, Path], files: dict[Split, list[Path]]) -> DataError:
    count = sum(map(len, files.values()))
    inside = {file.relative_to(folders[split]).parts[0] for split in files for file in files[split]}
    tip = f"{shlex.quote(f'data.path={root}')} data.path_b=FOLDER, where FOLDER holds the other domain"
    if len(inside) == 2 and list(folders.values()) == [root] and all((root / name).is_dir() for name in inside):
        a, b = sorted(inside)
        tip = shlex.join([f"data.path={root / a}", f"data.path_b={root / b}"])
    return DataError(f"{root} holds single photographs ({count}): one domain, where two are needed", tip)


def _unpaired(settings: DomainDataSettings, root: Path, layout: Layout, a: _Singles, b: _Singles) -> DomainListing:
    if settings.direction == "BtoA":
        a, b = b, a
    (train_a, kept_a, made_a), (train_b, kept_b, made_b) = (_divided(splits, settings.validation) for splits in (a, b))
    if not train_a or not train_b:
        raise DataError(
            f"{root} holds no training pictures, only {' and '.join(sorted(a.keys() | b.keys()))}", "add a folder train"
        )
    warnings: list[str] = []
    truth, lone = _by_name(kept_a, kept_b)
    if truth:
        kept_a, kept_b = (
            sorted((single for single in kept if single not in lone), key=lambda single: same_name(single.name))
            for kept in (kept_a, kept_b)
        )
        warnings.append(
            f"equal names in both domains are taken for the hidden truth of validation ({len(kept_a)} pairs): they are "
            "measured against, never trained on"
        )
        if lone:
            warnings.append(f"{len(lone)} validation pictures without a partner of the same name are left out")
    return DomainListing(
        root=root,
        layout=layout,
        train=(train_a, train_b),
        validation=(kept_a, kept_b),
        truth=truth,
        split_made=made_a or made_b,
        unmatched=[shown(single.source.path, root) for single in lone] if truth else [],
        warnings=warnings,
    )


def _divided(splits: _Singles, share: float) -> tuple[list[Single], list[Single], bool]:
    """A domain's training and validation pictures, sorted by name, and whether limner divided them."""
    named = {split: sorted(singles, key=_order) for split, singles in splits.items()}
    train, kept = named.get("train", []), named.get("val") or named.get("test") or []
    if kept or not share:
        return train, kept, False
    return *divide(train, share), True


def _order(single: Single) -> tuple[str, str]:
    return single.name, str(single.source.path)


def _by_name(a: Sequence[Single], b: Sequence[Single]) -> tuple[bool, list[Single]]:
    """Whether pictures of equal names are pairs, and those that have no partner. A name that comes twice has none."""
    names_a, names_b = (Counter(same_name(single.name) for single in domain) for domain in (a, b))
    both = {name for name in names_a if names_a[name] == names_b[name] == 1}
    if len(both) < max(2, TRUTH * min(len(a), len(b))):
        return False, []
    return True, [single for single in [*a, *b] if same_name(single.name) not in both]


def _pairs(settings: DomainDataSettings, root: Path, layout: Layout, a: _Singles, b: _Singles) -> DomainListing:
    names_a, names_b = ({same_name(s.name).casefold() for split in domain.values() for s in split} for domain in (a, b))
    if not names_a & names_b:
        raise DataError(
            f"data.paired=true needs equal names in both domains, but {root} holds none: "
            f"{min(names_a)} ... in A, {min(names_b)} ... in B",
            "data.paired=false draws the domains apart, which is what unpaired pictures need",
        )
    listing = discover(settings)
    halves = (
        [[Single(pair.name, pair.sources[number]) for pair in pairs] for number in (0, -1)]
        for pairs in (listing.train, listing.validation)
    )
    (train_a, train_b), (kept_a, kept_b) = halves
    return DomainListing(
        root=root,
        layout=layout,
        train=(train_a, train_b),
        validation=(kept_a, kept_b),
        truth=True,
        split_made=listing.split_made,
        unmatched=listing.unmatched,
        warnings=listing.warnings,
    )
