"""Find what training uses of a folder: the pairs, domains, classes or single pictures that the settings are for."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from limner.config.data import DataSettings, DomainDataSettings, LabelledDataSettings, PairedDataSettings
from limner.data.contents import FolderContents, scan_folder
from limner.data.folders import ImageFolder, Split, no_images
from limner.data.listing import Items, Listing, find_images, find_labelled, no_training, singles, train_and_validation
from limner.data.pairing import Item, Matches, Source, same_name
from limner.errors import DataError
from limner.files import shown

TRUTH: Final = 0.9
"""Least share of the smaller domain's validation pictures whose names must be in the other, too, to be taken for
pairs."""


def discover(settings: DataSettings) -> Listing:
    """Finds the pictures of `settings.path`; the same folder and settings always give the same listing.

    Raises:
        DataError: there is no such folder, it cannot be read, there are no pictures to learn from, or they are not what
            the settings are for: no pairs or too many pictures without a partner, one domain alone or both the same,
            no class folders.
    """
    if settings.path is None:
        raise DataError("no pictures are given to train on", "data.path=FOLDER")
    match settings:
        case PairedDataSettings():
            return _pairs(settings, scan_folder(settings.path, settings.path_b))
        case DomainDataSettings():
            return _domains(settings, scan_folder(settings.path, settings.path_b))
        case LabelledDataSettings():
            return find_labelled(settings, scan_folder(settings.path))
    return find_images(settings, scan_folder(settings.path))


def _pairs(settings: PairedDataSettings | DomainDataSettings, contents: FolderContents) -> Listing:
    root, derive = contents.root, settings.derive if isinstance(settings, PairedDataSettings) else None
    matches = contents.matches
    warnings = [*contents.closed, *contents.notes]
    if derive is not None and contents.plain:
        matches = {split: Matches(singles(folder)) for split, folder in contents.plain.items()}
        if contents.layout == "side-by-side":
            warnings.append(
                "the pictures are about twice as wide as high: if they are side-by-side pairs, remove data.derive"
            )
    elif contents.fault is not None:
        raise contents.fault
    elif derive is not None:
        raise DataError(
            f"{root} already holds pairs, but data.derive.kind={derive.kind} asks to make the inputs",
            "remove data.derive, or let data.path point at the folder of targets",
        )
    elif not matches:
        count = sum(len(group.files) for group in contents.groups)
        raise DataError(
            f"{root} holds single photographs ({count}), not pairs",
            "data.derive.kind=edges makes the input from each photograph (or grey, low-resolution, blur-noise)",
        )
    elif contents.missing_half is not None:
        raise contents.missing_half
    _refuse_two_domains(settings, matches)
    every = Matches.joined(matches.values())
    _check_matches(root, every, settings.max_bad)
    train, kept, made = train_and_validation(
        {split: each.pairs for split, each in matches.items()}, settings.validation
    )
    if not train:
        if "train" in matches and (alone := matches["train"].unmatched):
            raise DataError(
                f"{root} holds no training pairs, only {' and '.join(s for s in matches if matches[s].pairs)}: "
                f"{alone[0]} has no partner, and no other picture of train",
                "pairs need the same name in both folders, capital letters included",
            )
        raise no_training(root, (split for split, each in matches.items() if each.pairs))
    if every.unmatched:
        warnings.append(f"{len(every.unmatched)} pictures without a partner are left out")
    if settings.direction == "BtoA":
        train, kept = ([replace(item, sources=item.sources[::-1]) for item in items] for items in (train, kept))
    return Listing(root, contents.layout, (train,), (kept,), made, warnings, every.unmatched)


def _refuse_two_domains(settings: PairedDataSettings | DomainDataSettings, matches: dict[Split, Matches]) -> None:
    """Where hardly a training picture has a partner, other halves are not what is missing, and `max_bad` is no help."""
    train = matches.get("train")
    if train is None or not train.apart:
        return
    if train.pairs and Matches.joined(matches.values()).unmatched_share <= settings.max_bad:
        return
    words = [f"data.path={settings.path}", *([f"data.path_b={settings.path_b}"] if settings.path_b else [])]
    raise DataError(
        f"{settings.path} holds two domains without pairs: of its training pictures {2 * len(train.pairs)} have a "
        f"partner of the same name and {len(train.unmatched)} have none, such as {train.unmatched[0]}",
        f"limner train cyclegan-horse2zebra {shlex.join(words)} learns without pairs; pairs need the same name in both",
    )


def _check_matches(root: Path, matches: Matches, max_bad: float) -> None:
    """Refuses a folder without pairs, or with too many pictures that have no partner."""
    alone, pairs = len(matches.unmatched), len(matches.pairs)
    refused = matches.unmatched_share > max_bad or not pairs
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
    if not pairs and alone:
        raise DataError(
            f"no picture in {root} has a partner of the same name ({alone} without, such as {matches.unmatched[0]})",
            "pairs need the same name in both folders; pictures that do not belong together are not paired data",
        )
    if not pairs:
        raise no_images(root)
    if refused:
        first = ", ".join(matches.unmatched[:5]) + (" ..." if alone > 5 else "")
        raise DataError(
            f"{alone} pictures in {root} have no partner: {first}",
            f"add the other half of each, or allow it with data.max_bad (now {max_bad:g})",
        )


def _domains(settings: DomainDataSettings, contents: FolderContents) -> Listing:
    if contents.fault is not None:
        raise contents.fault
    root, left_out = contents.root, list[str]()
    if contents.layout in ("side-by-side", "metadata"):
        every = Matches.joined(contents.matches.values())
        _check_matches(root, every, settings.max_bad)
        a, b = ({split: _halves(each, end) for split, each in contents.matches.items()} for end in (0, 1))
        left_out = every.unmatched
    elif contents.plain:
        raise _one_domain(contents)
    else:
        _refuse_one_folder(contents)
        a, b = (_of_groups(contents, domain) for domain in "AB")
    if settings.paired:
        return _paired_domains(settings, contents, a, b)
    if settings.direction == "BtoA":
        a, b = b, a
    (train_a, kept_a, made_a), (train_b, kept_b, made_b) = (
        train_and_validation(splits, settings.validation) for splits in (a, b)
    )
    if not train_a or not train_b:
        raise no_training(root, a.keys() | b.keys())
    warnings = [*contents.closed]
    warnings += [f"{len(left_out)} pictures without a partner are left out"] if left_out else []
    aligned, alone = _by_name(kept_a, kept_b)
    if aligned:
        kept_a, kept_b = (
            sorted((item for item in kept if item not in alone), key=lambda item: same_name(item.name))
            for kept in (kept_a, kept_b)
        )
        warnings.append(
            f"equal names in both domains are taken for the hidden truth of validation ({len(kept_a)} pairs): they are "
            "measured against, never trained on"
        )
        if alone:
            warnings.append(f"{len(alone)} validation pictures without a partner of the same name are left out")
            left_out = [*left_out, *(shown(item.sources[0].path, root) for item in alone)]
    trains, kepts = (train_a, train_b), (kept_a, kept_b)
    return Listing(root, contents.layout, trains, kepts, made_a or made_b, warnings, left_out, aligned)


def _halves(matches: Matches, end: int) -> list[Item]:
    """One half of each pair; of those that stand for the same picture only the first."""
    firsts: dict[Source, Item] = {}
    for pair in matches.pairs:
        firsts.setdefault(pair.sources[end], Item(pair.name, (pair.sources[end],)))
    return list(firsts.values())


def _of_groups(contents: FolderContents, domain: str) -> Items:
    groups = [group for group in contents.groups if group.domain == domain]
    found = {group.split: singles(ImageFolder(group.folder, group.files, [])) for group in groups}
    if found.get("train"):
        return found
    folder = next((group.folder for group in groups if group.split == "train"), None)
    if folder is not None:
        error = no_images(folder)
        raise DataError(f"domain {domain} has no training pictures: {error.message}", error.tip)
    raise DataError(f"domain {domain} has no training pictures, only {groups[0].folder}", "add its training folder")


def _refuse_one_folder(contents: FolderContents) -> None:
    folders = {(group.split, group.domain): group.folder for group in contents.groups}
    for (split, domain), a in folders.items():
        b = folders.get((split, "B"))
        if domain != "A" or b is None:
            continue
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


def _one_domain(contents: FolderContents) -> DataError:
    root, count = contents.root, sum(len(group.files) for group in contents.groups)
    tip = f"{shlex.quote(f'data.path={root}')} data.path_b=FOLDER, where FOLDER holds the other domain"
    if len(contents.classes) == 2 and len(contents.groups) == 1:
        a, b = sorted(contents.classes)
        tip = shlex.join([f"data.path={root / a}", f"data.path_b={root / b}"])
    return DataError(f"{root} holds single photographs ({count}): one domain, where two are needed", tip)


def _by_name(a: Sequence[Item], b: Sequence[Item]) -> tuple[bool, list[Item]]:
    """Whether pictures of equal names are pairs, and those that have no partner. A name that comes twice has none."""
    names_a, names_b = (Counter(same_name(item.name) for item in domain) for domain in (a, b))
    both = {name for name in names_a if names_a[name] == names_b[name] == 1}
    if len(both) < max(2, TRUTH * min(len(a), len(b))):
        return False, []
    return True, [item for item in [*a, *b] if same_name(item.name) not in both]


def _paired_domains(settings: DomainDataSettings, contents: FolderContents, a: Items, b: Items) -> Listing:
    names_a, names_b = ({same_name(i.name).casefold() for split in domain.values() for i in split} for domain in (a, b))
    if not names_a & names_b:
        raise DataError(
            f"data.paired=true needs equal names in both domains, but {contents.root} holds none: "
            f"{min(names_a)} ... in A, {min(names_b)} ... in B",
            "data.paired=false draws the domains apart, which is what unpaired pictures need",
        )
    listing = _pairs(settings, contents)
    train, kept = (
        tuple([Item(pair.name, (pair.sources[end],)) for pair in pairs] for end in (0, 1))
        for (pairs,) in (listing.train, listing.validation)
    )
    return replace(listing, train=train, validation=kept, aligned=True)
