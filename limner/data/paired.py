"""Paired pictures, ready to learn from: found, decoded once, handed out in batches with one draw for both halves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import torch

from limner.config.data import DataSettings
from limner.data.augment import draw_placement
from limner.data.batch import PairedBatch
from limner.data.decode import Decoding
from limner.data.decoded import Decoded, Progress, Unreadable, open_decoded, stored_bytes
from limner.data.discover import Listing, discover
from limner.data.matching import Pair
from limner.data.memory import free_memory
from limner.data.pictures import Pixels
from limner.errors import DataError

SCHEMA: Final = 1


class PairedPictures:
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


@dataclass(frozen=True)
class DataReport:
    """What was found; `as_json` is the run's data.json.

    Attributes:
        layout: how the pairs are laid out in the folder.
        path: the folder.
        counts: usable pairs of each split (`train`, `validation`).
        names: their names.
        split_made: whether limner chose the validation pairs itself.
        unreadable: files that were skipped, each with its true reason.
        unmatched: files without a partner.
        warnings: what a person should know, one sentence each.
        bytes: what the decoded pictures take.
        in_memory: whether they are held in memory; else they are mapped from the cache on disk.
        fingerprint: a hash over the content of every file used, in order, and every setting that changes a batch.
    """

    layout: str
    path: str
    counts: dict[str, int]
    names: dict[str, list[str]]
    split_made: bool
    unreadable: list[Unreadable]
    unmatched: list[str]
    warnings: list[str]
    bytes: int
    in_memory: bool
    fingerprint: str
    schema: int = field(default=SCHEMA)

    def as_json(self) -> dict[str, object]:
        """The report in plain lists, dictionaries, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True)
class PairedSplits:
    """Pairs to learn from, pairs kept back, and what was found."""

    train: PairedPictures
    validation: PairedPictures
    report: DataReport


def open_paired(settings: DataSettings, seed: int, progress: Progress | None = None) -> PairedSplits:
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
    train_as = Decoding(round(settings.size * enlarge), settings.size, settings.fit, settings.derive)
    validation_as = Decoding(settings.size, settings.size, settings.fit, settings.derive)
    total = stored_bytes(len(listing.train), train_as) + stored_bytes(len(listing.validation), validation_as)
    memory = settings.cache == "memory" or (settings.cache == "auto" and total <= free_memory() / 4)
    count = len(listing.train) + len(listing.validation)

    def open_split(pairs: list[Pair], decoding: Decoding, before: int) -> Decoded:
        return open_decoded(
            pairs,
            decoding,
            memory=memory,
            disk=settings.cache != "memory",
            workers=settings.workers,
            progress=None if progress is None else lambda done, _: progress(before + done, count),
        )

    train = open_split(listing.train, train_as, 0)
    validation = open_split(listing.validation, validation_as, len(listing.train))
    unreadable = _check_readable(listing, train, validation, settings.max_bad)
    names = {
        "train": [listing.train[row].name for row in train.index.rows],
        "validation": [listing.validation[row].name for row in validation.index.rows],
    }
    unsaved = train.unsaved or validation.unsaved
    report = DataReport(
        layout=listing.layout,
        path=str(listing.root),
        counts={split: len(members) for split, members in names.items()},
        names=names,
        split_made=listing.split_made,
        unreadable=unreadable,
        unmatched=listing.unmatched,
        warnings=listing.warnings
        + _shared_pictures(listing, train, validation)
        + ([f"{unsaved}; the next start decodes again"] if unsaved else []),
        bytes=train.pixels.nbytes + validation.pixels.nbytes,
        in_memory=memory,
        fingerprint=_fingerprint(settings, train, validation),
    )
    flip = settings.augment.flip if settings.augment.enabled else 0.0
    return PairedSplits(
        PairedPictures(train.pixels, names["train"], settings.size, seed, flip),
        PairedPictures(validation.pixels, names["validation"], settings.size, seed, 0.0),
        report,
    )


def _check_readable(listing: Listing, train: Decoded, validation: Decoded, max_bad: float) -> list[Unreadable]:
    bad = train.index.unreadable + validation.index.unreadable
    every = len(listing.train) + len(listing.validation)
    shown = "".join(f"\n  {each.file}: {each.reason}" for each in bad[:20])
    more = f"\n  and {len(bad) - 20} more" if len(bad) > 20 else ""
    if len(bad) > max_bad * every or not train.index.rows:
        raise DataError(
            f"{len(bad)} of {every} pictures in {listing.root} cannot be used:{shown}{more}",
            f"mend or remove them, or allow more with data.max_bad (now {max_bad:g})"
            if train.index.rows
            else "mend or replace them: none is left to learn from",
        )
    return bad


def _shared_pictures(listing: Listing, train: Decoded, validation: Decoded) -> list[str]:
    """A warning when files of the validation pairs have the same content as files of the training pairs."""
    trained = {
        digest: listing.train[row]
        for row, held in zip(train.index.rows, train.index.digests, strict=True)
        for digest in held
    }
    leaks = []
    for row, held in zip(validation.index.rows, validation.index.digests, strict=True):
        if twin := next((trained[digest] for digest in held if digest in trained), None):
            leaks.append(f"{_shown(listing, listing.validation[row])} = {_shown(listing, twin)}")
    if not leaks:
        return []
    first = ", ".join(leaks[:5]) + (" ..." if len(leaks) > 5 else "")
    return [f"{len(leaks)} validation pictures are also in training, so validation looks better than it is: {first}"]


def _shown(listing: Listing, pair: Pair) -> str:
    path: Path = pair.target.path
    return path.relative_to(listing.root).as_posix() if path.is_relative_to(listing.root) else str(path)


def _fingerprint(settings: DataSettings, train: Decoded, validation: Decoded) -> str:
    decides = settings.model_dump(include={"direction", "size", "fit", "augment", "derive"})
    content = [SCHEMA, decides, train.index.digests, validation.index.digests]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
