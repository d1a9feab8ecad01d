"""Opens the pictures of a recipe, whatever their kind: found, checked, decoded or streamed, handed out in batches."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from limner.config.data import DataSettings, DomainDataSettings, LabelledDataSettings, PairedDataSettings
from limner.data.augment import Variation
from limner.data.checks import check_domains, check_readable, differences, shared_images
from limner.data.decode import Decoding
from limner.data.decoded import ImageStore, OnProgress
from limner.data.discover import discover
from limner.data.image_splits import Domain, DomainImages, LabelledImages, PairedImages, SingleImages
from limner.data.listing import Listing
from limner.data.splits import SCHEMA, DataReport, ImageSplit, Splits
from limner.data.stores import open_stores
from limner.errors import DataError
from limner.files import printable

_PLACE = {"path", "path_b", "synthetic", "validation", "workers", "max_bad", "cache"}
"""Settings that say where pictures are and how they are come by; all others change a batch."""


def open_data(settings: DataSettings, seed: int, progress: OnProgress | None = None) -> Splits:
    """Finds, checks and opens the pictures; the type of the settings says what they are to one another.

    Args:
        settings: where the pictures are and how they are used.
        seed: keys the crops, flips and partners of the training pictures.
        progress: told (done, all) after each picture that is decoded or looked at.

    Raises:
        DataError: no usable pictures of this kind, or a larger share of bad files than `settings.max_bad`.
    """
    listing = discover(settings)
    augments = settings.augments if isinstance(settings, DomainDataSettings) else (settings.augment,)
    sides = [augment.stored(settings.size) for augment in augments]
    wanted = [
        *((items, _decoding(settings, side)) for items, side in zip(listing.train, sides, strict=True)),
        *((items, _decoding(settings, settings.size)) for items in listing.validation),
    ]
    opened = open_stores(wanted, settings, progress)
    train, validation = opened.stores[: len(sides)], opened.stores[len(sides) :]
    bad = [
        file
        for place, learnt, kept in zip(listing.places, train, validation, strict=True)
        for file in check_readable(place, learnt, kept, settings.max_bad)
    ]
    splits, names, warnings = _splits(settings, listing, train, validation, seed)
    report = DataReport(
        kind=_kind(settings),
        unit="pair" if isinstance(settings, PairedDataSettings) else "image",
        layout=listing.layout,
        path=printable(str(listing.root)),
        counts={split: len(members) for split, members in names.items()},
        names=names,
        classes=_class_counts(listing, train),
        split_made=listing.split_made,
        unreadable=list(dict.fromkeys(bad)),
        unmatched=listing.unmatched,
        warnings=[*listing.warnings, *shared_images(listing.root, train, validation), *warnings, *opened.unsaved],
        bytes=opened.bytes,
        backend=opened.backend,
        fingerprint=_fingerprint(settings, listing, opened.stores),
    )
    return Splits(*splits, report)


def _kind(settings: DataSettings) -> Literal["pairs", "domains", "labelled", "images"]:
    match settings:
        case PairedDataSettings():
            return "pairs"
        case DomainDataSettings():
            return "domains"
        case LabelledDataSettings():
            return "labelled"
    return "images"


def _decoding(settings: DataSettings, side: int) -> Decoding:
    pairs = isinstance(settings, PairedDataSettings)
    derive = settings.derive if isinstance(settings, PairedDataSettings) else None
    return Decoding(side, settings.size, settings.fit, derive, 2 if pairs else 1, settings.channels)


def _splits(
    settings: DataSettings, listing: Listing, train: list[ImageStore], validation: list[ImageStore], seed: int
) -> tuple[tuple[ImageSplit, ImageSplit], dict[str, list[str]], list[str]]:
    """Training and validation, the names of the pictures in them, and warnings."""
    if isinstance(settings, DomainDataSettings):
        return _domains(settings, listing, train, validation, seed)
    (learnt,), (kept,), size = train, validation, settings.size
    variation = Variation(settings.augment, size, seed, len(learnt))
    names = {"train": learnt.names, "validation": kept.names}
    if isinstance(settings, PairedDataSettings):
        return (PairedImages(learnt, size, variation), PairedImages(kept, size)), names, []
    if isinstance(settings, LabelledDataSettings):
        balanced = seed if settings.balanced else None
        return (LabelledImages(learnt, size, variation, balanced), LabelledImages(kept, size)), names, []
    return (SingleImages(learnt, size, variation), SingleImages(kept, size)), names, []


def _domains(
    settings: DomainDataSettings, listing: Listing, train: list[ImageStore], validation: list[ImageStore], seed: int
) -> tuple[tuple[DomainImages, DomainImages], dict[str, list[str]], list[str]]:
    rows = _rows(train, settings.paired)
    used = len(rows[0]), len(rows[1])
    same = check_domains(listing.root, listing.places, train[0], train[1], used)
    variations = [
        Variation(augment, settings.size, seed, max(used), 0 if settings.paired else stream)
        for stream, augment in enumerate(settings.augments)
    ]
    a, b = (Domain(*each) for each in zip(train, rows, variations, strict=True))
    learnt = DomainImages(a, b, settings.size, seed, settings.paired)
    a, b = (
        Domain(store, each, None) for store, each in zip(validation, _rows(validation, listing.aligned), strict=True)
    )
    kept = DomainImages(a, b, settings.size, seed, listing.aligned)
    names = {
        f"{split} {domain}": members
        for split, images in (("train", learnt), ("validation", kept))
        for domain, members in zip("AB", images.names, strict=True)
    }
    return (learnt, kept), names, [*same, *differences(settings, train[0], train[1], used)]


def _rows(stores: Sequence[ImageStore], paired: bool) -> list[list[int]]:
    """The rows of both domains; where they are paired, those of which both halves are usable, aligned."""
    both = set(stores[0].places).intersection(stores[1].places)
    return [[row for row, place in enumerate(store.places) if place in both or not paired] for store in stores]


def _class_counts(listing: Listing, train: Sequence[ImageStore]) -> dict[str, int]:
    """Usable training pictures of each class.

    Raises:
        DataError: a class has none.
    """
    labels = Counter(item.label for store in train for item in store.items)
    counts = {name: labels[label] for label, name in enumerate(listing.classes)}
    if empty := [name for name, count in counts.items() if not count]:
        raise DataError(f"no training picture of the class '{empty[0]}' can be used", "mend its files, or leave it out")
    return counts


def _fingerprint(settings: DataSettings, listing: Listing, stores: Sequence[ImageStore]) -> str:
    decides: dict[str, Any] = settings.model_dump(mode="json", exclude=_PLACE)
    if isinstance(settings, DomainDataSettings):
        decides |= {"augment": [augment.model_dump() for augment in settings.augments], "augment_b": None}
    if listing.classes:
        decides |= {"classes": listing.classes, "labels": [[item.label for item in store.items] for store in stores]}
    content = [SCHEMA, decides, listing.aligned, [store.digests for store in stores]]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
