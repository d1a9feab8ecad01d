"""The splits of each kind of data: which pictures a position stands for, and the batch that they make.

A position is an epoch and an index in it. It alone decides pictures, crops and flips, so the order of asking changes
nothing. A picture that turns out to be damaged when it is decoded gives its place to the next one of the split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import torch
from torch import Tensor

from limner.data.augment import Variation, resized
from limner.data.batch import DomainBatch, ImageBatch, LabelledBatch, PairedBatch
from limner.data.decoded import ImageStore
from limner.data.images import ImageError
from limner.data.samplers import CycleSampler
from limner.data.splits import References, spread
from limner.errors import DataError

T = TypeVar("T")
Position = tuple[int, int]


class PairedImages:
    """One split of pairs: both halves are cropped and flipped alike.

    Args:
        store: the pairs, input first.
        size: side of the pictures in a batch, in pixels.
        variation: how they are varied; None: never.

    Attributes:
        names: each pair's name, without suffix.
    """

    def __init__(self, store: ImageStore, size: int, variation: Variation | None = None) -> None:
        self.names, self._store, self._size, self._variation = store.names, store, size, variation

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, positions: Sequence[Position]) -> PairedBatch:
        """The pairs at these positions, uint8 (len(positions), C, size, size) in each half."""
        return self._batch(positions)[1]

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pairs, evenly spread, as in epoch 0; pairs are learnt in one direction only."""
        names, batch = self._batch([(0, index) for index in spread(len(self), most)])
        return References(names, batch.target, batch.input, batch.target)

    def _batch(self, positions: Sequence[Position]) -> tuple[list[str], PairedBatch]:
        halves = torch.empty((2, len(positions), self._store.channels, self._size, self._size), dtype=torch.uint8)
        names = []
        for row, (epoch, index) in enumerate(positions):
            taken, pair = _next_usable(self._store.pixels, index, len(self))
            halves[:, row] = _varied(pair, self._size, self._variation, epoch, index)
            names.append(self.names[taken])
        return names, PairedBatch(input=halves[0], target=halves[1])


class _Singles:
    """One split of pictures, each by itself.

    Args:
        store: the pictures.
        size: side of the pictures in a batch, in pixels.
        variation: how they are varied; None: never.

    Attributes:
        names: each picture's name, without suffix.
    """

    def __init__(self, store: ImageStore, size: int, variation: Variation | None = None) -> None:
        self.names, self._store, self._size, self._variation = store.names, store, size, variation

    def __len__(self) -> int:
        return len(self.names)

    def _varied(self, wanted: Sequence[tuple[int, Position]]) -> tuple[list[int], Tensor]:
        """For each wanted row and its position: the row that was taken, and its picture."""
        images = torch.empty((len(wanted), self._store.channels, self._size, self._size), dtype=torch.uint8)
        rows = []
        for place, (row, (epoch, index)) in enumerate(wanted):
            taken, image = _next_usable(self._store.pixels, row, len(self))
            images[place] = _varied(image[0], self._size, self._variation, epoch, index)
            rows.append(taken)
        return rows, images

    def _whole(self, most: int) -> tuple[list[int], Tensor]:
        """The rows of at most `most` pictures, evenly spread, and the pictures whole."""
        rows = spread(len(self), most)
        return _Singles(self._store, self._size)._varied([(row, (0, row)) for row in rows])


class SingleImages(_Singles):
    """One split of pictures that stand for themselves."""

    def batch(self, positions: Sequence[Position]) -> ImageBatch:
        """The pictures at these positions, uint8 (len(positions), C, size, size)."""
        return ImageBatch(self._varied([(index, (epoch, index)) for epoch, index in positions])[1])

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pictures, evenly spread, whole and never varied."""
        rows, images = self._whole(most)
        return References([self.names[row] for row in rows], images)


class LabelledImages(_Singles):
    """One split of pictures that bear a label each.

    Args:
        store: the pictures; their items say the labels.
        size: side of the pictures in a batch, in pixels.
        variation: how they are varied; None: never.
        balanced: the run's seed, to draw every class equally often; None draws every picture equally often.
    """

    def __init__(
        self, store: ImageStore, size: int, variation: Variation | None = None, balanced: int | None = None
    ) -> None:
        super().__init__(store, size, variation)
        self._labels = torch.tensor([item.label for item in store.items], dtype=torch.int64)
        rows: dict[int, list[int]] = defaultdict(list)
        for row, item in enumerate(store.items):
            rows[item.label].append(row)
        self._classes = [rows[label] for label in sorted(rows)] if balanced is not None else []
        met = len(self) // max(1, len(self._classes)) + 1
        self._samplers = [CycleSampler(len(r), met, balanced or 0, label) for label, r in enumerate(self._classes)]

    def batch(self, positions: Sequence[Position]) -> LabelledBatch:
        """The pictures at these positions, uint8 (len(positions), C, size, size), and their labels, int64."""
        rows, images = self._varied([(self._row(*position), position) for position in positions])
        return LabelledBatch(images, self._labels[rows])

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pictures, evenly spread, whole and never varied."""
        rows, images = self._whole(most)
        return References([self.names[row] for row in rows], images, labels=self._labels[rows])

    def _row(self, epoch: int, index: int) -> int:
        if not self._classes:
            return index
        # Indices of an epoch come in random order, so dealing them out to the classes in turn mixes the classes.
        turn, label = divmod(epoch * len(self) + index, len(self._classes))
        return self._classes[label][self._samplers[label].image(turn)]


@dataclass(frozen=True)
class Domain:
    """The pictures of one domain in one split.

    Attributes:
        store: their pixels.
        rows: the row of each picture in the store.
        variation: how they are varied; None: never.
    """

    store: ImageStore
    rows: Sequence[int]
    variation: Variation | None

    @property
    def names(self) -> list[str]:
        """One for each picture."""
        names = self.store.names
        return [names[row] for row in self.rows]

    def image(self, number: int) -> Tensor:
        """uint8 (C, S, S) as stored."""
        return self.store.pixels(self.rows[number])[0]


class DomainImages:
    """One split of two domains.

    Every picture of a domain is met equally often, and in training its partner is drawn independently of it; where the
    split is paired, picture i of both come together, cropped and flipped alike.

    Args:
        a: the first domain.
        b: the second one; where the split is paired, aligned with the first.
        size: side of the pictures in a batch, in pixels.
        seed: keys the partners.
        paired: whether picture i of both belongs together.
    """

    def __init__(self, a: Domain, b: Domain, size: int, seed: int, paired: bool = False) -> None:
        self.paired = paired
        self.names = (a.names, b.names)
        self._domains, self._size = (a, b), size
        counts = [len(domain.rows) for domain in self._domains]
        self._length = max(counts) if all(counts) else 0
        self._samplers = [
            CycleSampler(count, self._length, seed, number) for number, count in enumerate(counts) if all(counts)
        ]

    def __len__(self) -> int:
        return self._length

    def batch(self, positions: Sequence[Position]) -> DomainBatch:
        """The pictures at these positions, uint8 (len(positions), C, size, size) in each domain."""
        a, b = (self._empty(number, len(positions)) for number in (0, 1))
        for row, (epoch, index) in enumerate(positions):
            for number, images in enumerate((a, b)):
                domain = self._domains[number]
                _, image = self._image(number, self._chosen(number, epoch, index))
                images[row] = _varied(image, self._size, domain.variation, epoch, index)
        return DomainBatch(a, b)

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pictures of A, evenly spread, whole and never varied; of B where `back` is set.

        The images are those of the other domain, at most as many: the partners where the split is paired.
        """
        here, there = (1, 0) if back else (0, 1)
        names, inputs = self._whole(here, most)
        _, images = self._whole(there, most)
        return References(names, images, inputs, images if self.paired else None, domains=True)

    def _chosen(self, number: int, epoch: int, index: int) -> int:
        domain = self._domains[number]
        if self.paired:
            return index
        if domain.variation is None:
            return index % len(domain.rows)
        return self._samplers[number].image(epoch * self._length + index)

    def _image(self, number: int, chosen: int) -> tuple[int, Tensor]:
        domain = self._domains[number]
        if not self.paired:
            return _next_usable(domain.image, chosen, len(domain.rows))
        # A pair of which one half is damaged is passed over as a whole.
        taken, both = _next_usable(lambda place: [each.image(place) for each in self._domains], chosen, self._length)
        return taken, both[number]

    def _whole(self, number: int, most: int) -> tuple[list[str], Tensor]:
        indices = spread(len(self._domains[number].rows), most)
        names, images = [], self._empty(number, len(indices))
        for row, index in enumerate(indices):
            taken, image = self._image(number, index)
            names.append(self.names[number][taken])
            images[row] = resized(image, self._size)
        return names, images

    def _empty(self, number: int, count: int) -> Tensor:
        channels = self._domains[number].store.channels
        return torch.empty((count, channels, self._size, self._size), dtype=torch.uint8)


def _varied(images: Tensor, size: int, variation: Variation | None, epoch: int, index: int) -> Tensor:
    return resized(images, size) if variation is None else variation.vary(images, epoch, index)


def _next_usable(load: Callable[[int], T], row: int, count: int) -> tuple[int, T]:
    """The first row from this one on that is not damaged, and what it loads; always the same one."""
    for taken in chain(range(row, count), range(row)):
        try:
            return taken, load(taken)
        except ImageError:
            continue
    raise DataError("every picture of a split is damaged", "'limner data inspect' lists every bad file")
