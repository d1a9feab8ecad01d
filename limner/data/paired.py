"""Paired pictures, ready to learn from: found, decoded once, handed out in batches with one draw for both halves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import torch

from limner.config.data import DataSettings
from limner.data.augment import draw_placement
from limner.data.batch import PairedBatch
from limner.data.decode import Decoding
from limner.data.decoded import Decoded, Progress
from limner.data.decoded_splits import check_readable, open_splits, shared_images
from limner.data.discover import discover
from limner.data.images import Pixels
from limner.data.splits import SCHEMA, DataReport, References, Splits, spread
from limner.files import printable


class PairedImages:
    """One split of paired pictures.

    Attributes:
        names: each pair's name, without suffix.
        size: side of the pictures in a batch, in pixels.
    """

    def __init__(self, pixels: Pixels, names: list[str], size: int, seed: int, flip: float) -> None:
        """Args:
        pixels: uint8 (N, 2, 3, S, S), input first, S >= size; a random crop is taken where S is larger.
        names: one for each pair.
        size: side of the pictures in a batch.
        seed: keys the crops and flips.
        flip: probability of mirroring a pair.
        """
        self.names = names
        self.size = size
        self._pixels, self._seed, self._flip = torch.from_numpy(pixels), seed, flip
        self._slack = pixels.shape[-1] - size

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, positions: Sequence[tuple[int, int]]) -> PairedBatch:
        """The pairs at these (epoch, index) positions, uint8 (len(positions), 3, size, size) in each half.

        The epoch and the index alone decide a pair's crop and flip, so the order of asking changes nothing.
        """
        size = self.size
        halves = torch.empty((2, len(positions), 3, size, size), dtype=torch.uint8)
        for row, (epoch, index) in enumerate(positions):
            top, left, flip = draw_placement(self._seed, epoch, index, self._slack, self._flip)
            crop = self._pixels[index, :, :, top : top + size, left : left + size]
            halves[:, row] = crop.flip(-1) if flip else crop
        return PairedBatch(input=halves[0], target=halves[1])

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pairs, evenly spread, as in epoch 0; pairs are learnt in one direction only."""
        indices = spread(len(self), most)
        batch = self.batch([(0, index) for index in indices])
        return References([self.names[index] for index in indices], batch.target, batch.input, batch.target)


def open_paired(settings: DataSettings, seed: int, progress: Progress | None = None) -> Splits:
    """Finds, decodes (once: the next start takes them from the cache) and opens the pairs of a recipe.

    Args:
        settings: where the pictures are and how they are used.
        seed: keys the crops and flips of the training pairs.
        progress: told (done, all) after each decoded pair.

    Raises:
        DataError: no usable pairs, or a larger share of bad files than `settings.max_bad`.
    """
    listing = discover(settings)
    enlarge = settings.augment.enlarge if settings.augment.enabled else 1.0
    stored = (round(settings.size * enlarge), settings.size)
    decodings = [Decoding(side, settings.size, settings.fit, settings.derive) for side in stored]
    opened = open_splits([(listing.train, decodings[0]), (listing.validation, decodings[1])], settings, progress)
    train, validation = opened.parts
    names = {"train": train.names, "validation": validation.names}
    report = DataReport(
        layout=listing.layout,
        path=printable(str(listing.root)),
        counts={split: len(members) for split, members in names.items()},
        names=names,
        split_made=listing.split_made,
        unreadable=check_readable(str(listing.root), train, validation, settings.max_bad),
        unmatched=listing.unmatched,
        warnings=listing.warnings + shared_images(listing.root, [train], [validation]) + opened.unsaved,
        bytes=opened.bytes,
        in_memory=opened.in_memory,
        fingerprint=_fingerprint(settings, train.decoded, validation.decoded),
    )
    flip = settings.augment.flip if settings.augment.enabled else 0.0
    return Splits(
        PairedImages(train.decoded.pixels, names["train"], settings.size, seed, flip),
        PairedImages(validation.decoded.pixels, names["validation"], settings.size, seed, 0.0),
        report,
    )


def _fingerprint(settings: DataSettings, train: Decoded, validation: Decoded) -> str:
    decides = settings.model_dump(include={"direction", "size", "fit", "augment", "derive"})
    content = [SCHEMA, decides, train.index.digests, validation.index.digests]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
