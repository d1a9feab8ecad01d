"""Two domains of pictures without pairs, ready to learn from: found, decoded once, drawn independently."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.config.domains import DomainAugmentSettings, DomainDataSettings
from limner.data.augment import Variation, resized
from limner.data.batch import DomainBatch
from limner.data.decode import Decoding
from limner.data.decoded import Progress
from limner.data.decoded_splits import DecodedSplit, DecodedSplits, check_readable, open_splits, shared_images
from limner.data.discover_domains import DomainListing, discover_domains
from limner.data.domain_checks import check_count, contents_in_both, differences
from limner.data.domain_sampler import DomainSampler
from limner.data.images import Pixels
from limner.data.splits import SCHEMA, DataReport, References, Splits, spread
from limner.files import printable


@dataclass(frozen=True)
class Domain:
    """The pictures of one domain in one split.

    Attributes:
        pixels: uint8 (M, 3, S, S) as stored, S >= 1.
        rows: the row of each picture in `pixels`.
        names: one for each picture.
        variation: how they are varied; None: never.
    """

    pixels: Pixels
    rows: Sequence[int]
    names: list[str]
    variation: Variation | None


class DomainImages:
    """One split of two domains.

    Every picture of a domain is met equally often, and in training its partner is drawn independently of it; where the
    split is paired, picture i of both come together, cropped and flipped alike.

    Attributes:
        paired: whether picture i of both domains belongs together.
    """

    def __init__(self, a: Domain, b: Domain, size: int, seed: int, paired: bool = False) -> None:
        """Args:
        a: the first domain.
        b: the second one; where the split is paired, aligned with the first.
        size: side of the pictures in a batch, in pixels.
        seed: keys the partners, crops and flips.
        paired: whether picture i of both belongs together.
        """
        self.paired = paired
        self._domains, self._size, self._seed = (a, b), size, seed
        self._pixels = tuple(torch.from_numpy(domain.pixels) for domain in self._domains)
        counts = [len(domain.names) for domain in self._domains]
        self._length = max(counts) if all(counts) else 0
        self._visits = [
            DomainSampler(count, self._length, seed, number) for number, count in enumerate(counts) if all(counts)
        ]

    def __len__(self) -> int:
        return self._length

    def batch(self, positions: Sequence[tuple[int, int]]) -> DomainBatch:
        """The pictures at these (epoch, index) positions, uint8 (len(positions), 3, size, size) in each domain.

        A position alone decides both pictures, their crops and flips, so the order of asking changes nothing.
        """
        shape = (len(positions), 3, self._size, self._size)
        a, b = (torch.empty(shape, dtype=torch.uint8) for _ in self._domains)
        for row, (epoch, index) in enumerate(positions):
            a[row] = self._drawn(0, epoch, index)
            b[row] = self._drawn(1, epoch, index)
        return DomainBatch(a, b)

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pictures of A, evenly spread, whole and never varied; of B where `back` is set.

        The images are those of the other domain, at most as many: the partners where the split is paired.
        """
        here, there = (1, 0) if back else (0, 1)
        indices = spread(len(self._domains[here].names), most)
        inputs = self._whole(here, indices)
        names = [self._domains[here].names[index] for index in indices]
        if self.paired:
            targets = self._whole(there, indices)
            return References(names, targets, inputs, targets, domains=True)
        others = self._whole(there, spread(len(self._domains[there].names), most))
        return References(names, others, inputs, domains=True)

    def _drawn(self, number: int, epoch: int, index: int) -> Tensor:
        domain = self._domains[number]
        if self.paired:
            chosen, stream = index, 0
        elif domain.variation is None:
            chosen, stream = index % len(domain.names), 0
        else:
            chosen, stream = self._visits[number].image(epoch * self._length + index), number
        image = self._pixels[number][domain.rows[chosen]]
        if domain.variation is None:
            return resized(image, self._size)
        return domain.variation.vary(image, self._seed, epoch, index, stream)

    def _whole(self, number: int, indices: Sequence[int]) -> Tensor:
        pixels, rows = self._pixels[number], self._domains[number].rows
        images = [resized(pixels[rows[index]], self._size) for index in indices]
        return torch.stack(images) if images else torch.empty((0, 3, self._size, self._size), dtype=torch.uint8)


def open_domains(settings: DomainDataSettings, seed: int, progress: Progress | None = None) -> Splits:
    """Finds, decodes (once: the next start takes them from the cache) and opens two domains of pictures.

    Args:
        settings: where the pictures are and how they are used.
        seed: keys the partners, crops and flips of the training pictures.
        progress: told (done, all) after each decoded picture.

    Raises:
        DataError: a domain has fewer than two usable training pictures or a larger share of bad files than
            `settings.max_bad`, or both domains hold the same pictures; as `discover_domains` besides.
    """
    listing = discover_domains(settings)
    size, fit = settings.size, settings.fit
    training = [Decoding(augment.stored(size), size, fit, None, images=1) for augment in settings.augments]
    kept = Decoding(size, size, fit, None, images=1)
    wanted = [*zip(listing.train, training, strict=True), *((domain, kept) for domain in listing.validation)]
    opened = open_splits(wanted, settings, progress)
    a, b, kept_a, kept_b = opened.parts
    bad = [
        file
        for place, train, validation in zip(listing.places, (a, b), (kept_a, kept_b), strict=True)
        for file in check_readable(place, train, validation, settings.max_bad)
    ]
    train = _split((a, b), [_variation(augment, size) for augment in settings.augments], settings.paired)
    validation = _split((kept_a, kept_b), [None, None], listing.truth)
    names = {
        f"{split} {name}": domain.names
        for split, domains in (("train", train), ("validation", validation))
        for name, domain in zip("AB", domains, strict=True)
    }
    for place, domain in zip(listing.places, train, strict=True):
        check_count(place, len(domain.names))
    shared = contents_in_both(listing.root, a, b)
    report = DataReport(
        layout=listing.layout,
        path=printable(str(listing.root)),
        counts={name: len(members) for name, members in names.items()},
        names=names,
        split_made=listing.split_made,
        unreadable=list(dict.fromkeys(bad)),
        unmatched=listing.unmatched,
        warnings=[
            *listing.warnings,
            *shared_images(listing.root, [a, b], [kept_a, kept_b]),
            *shared,
            *differences(settings, a, b),
            *opened.unsaved,
        ],
        bytes=opened.bytes,
        in_memory=opened.in_memory,
        fingerprint=_fingerprint(settings, listing, opened),
    )
    return Splits(
        DomainImages(*train, size, seed, settings.paired),
        DomainImages(*validation, size, seed, listing.truth),
        report,
    )


def _variation(augment: DomainAugmentSettings, size: int) -> Variation:
    flip = augment.flip if augment.enabled else 0.0
    return Variation(size, augment.stored(size), augment.least_share, flip)


def _split(
    parts: tuple[DecodedSplit, DecodedSplit], variations: Sequence[Variation | None], paired: bool
) -> tuple[Domain, Domain]:
    """Both domains of a split; where it is paired, those pictures of which both halves could be decoded, aligned."""
    places = [{place: row for row, place in enumerate(part.decoded.index.rows)} for part in parts]
    both = places[0].keys() & places[1].keys()
    a, b = (
        Domain(
            part.decoded.pixels[:, 0],
            [row for place, row in held.items() if place in both or not paired],
            [printable(part.items[place].name) for place in held if place in both or not paired],
            variation,
        )
        for part, held, variation in zip(parts, places, variations, strict=True)
    )
    return a, b


def _fingerprint(settings: DomainDataSettings, listing: DomainListing, opened: DecodedSplits) -> str:
    decides = settings.model_dump(include={"direction", "size", "fit", "paired"})
    augments = [augment.model_dump() for augment in settings.augments]
    digests = [part.decoded.index.digests for part in opened.parts]
    content = [SCHEMA, decides, augments, listing.truth, digests]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
