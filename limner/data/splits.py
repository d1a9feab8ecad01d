"""What the trainer needs of any data: batches to learn from, pictures to look at, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Protocol

from torch import Tensor

from limner.data.batch import Batch
from limner.data.decoded import Unreadable
from limner.data.suitability import CYCLEGAN, PIX2PIX
from limner.files import printable

SCHEMA: Final = 1
NAMED: Final = 20
"""Files that are told one by one."""


@dataclass(frozen=True)
class References:
    """Real images of one split that a model is shown with and measured against; what is not known is None.

    Attributes:
        names: of the inputs, or of the images where there are no inputs; without suffix.
        images: of the kind that the model should make, uint8 (M, C, S, S); the targets where they are known.
        inputs: what it makes them from, uint8 (N, C, S, S).
        targets: what exactly should become of each input, of the same form.
        labels: the class of each image, int64 (M,).
        domains: inputs and images are two domains whose training images have no partners.
    """

    names: list[str]
    images: Tensor
    inputs: Tensor | None = None
    targets: Tensor | None = None
    labels: Tensor | None = None
    domains: bool = False


class ImageSplit(Protocol):
    """One split."""

    def __len__(self) -> int:
        """Positions in an epoch."""

    def batch(self, positions: Sequence[tuple[int, int]]) -> Batch:
        """The pictures at these (epoch, index) positions; the position alone decides crops and flips."""

    def references(self, most: int, back: bool = False) -> References:
        """At most `most` pictures, evenly spread, always the same ones and the same crop of them.

        Args:
            most: how many pictures of the input domain are wanted.
            back: from B to A, for data that can be translated both ways.
        """


@dataclass(frozen=True)
class DataReport:
    """What was found; `as_json` is the run's data.json.

    Attributes:
        layout: how the pictures are laid out in the folder.
        path: the folder.
        counts: usable pictures of each split: pairs as `train` and `validation`, domains as `train A`, `train B`, ...
        names: their names.
        split_made: whether limner chose the validation pictures itself.
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

    def remarks(self) -> list[str]:
        """What a person should be told before training, a line each: what the pictures serve, which files are skipped
        and why, and the warnings."""
        train = [count for split, count in self.counts.items() if split.partition(" ")[0] == "train"]
        images = ", ".join(f"{count} {split}" for split, count in self.counts.items())
        need = PIX2PIX if len(train) == 1 else CYCLEGAN
        skipped = [f"{printable(str(each.file))}: {each.reason}" for each in self.unreadable]
        skipped += [f"{name}: it has no partner" for name in self.unmatched]
        more = [f"skipped: {len(skipped) - NAMED} more, all in data.json"] if len(skipped) > NAMED else []
        return [
            f"pictures: {images}: {need.judge(min(train))}",
            *(f"skipped: {each}" for each in skipped[:NAMED]),
            *more,
            *(f"warning: {warning}" for warning in self.warnings),
        ]

    def as_json(self) -> dict[str, object]:
        """The report in plain lists, dictionaries, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True)
class Splits:
    """Pictures to learn from, pictures kept back, and what was found."""

    train: ImageSplit
    validation: ImageSplit
    report: DataReport


def spread(length: int, most: int) -> list[int]:
    """At most `most` indices, evenly spread over 0..length-1, always the same ones."""
    count = min(length, most)
    return [index * length // count for index in range(count)]
