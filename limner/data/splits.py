"""What the trainer needs of any data: batches to learn from, pictures to look at, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from limner.data.images import Unreadable
from limner.data.suitability import advice
from limner.files import printable

if TYPE_CHECKING:
    from torch import Tensor

    from limner.data.batch import Batch

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
        kind: what the pictures are to one another.
        unit: what is counted.
        layout: how the pictures are laid out in the folder.
        path: the folder.
        counts: usable pictures or pairs of each split, `train` and `validation`; of domains `train A`, `train B`, ...
        names: their names.
        classes: training pictures of each class, in the order of the labels; empty without classes.
        split_made: whether limner chose the validation pictures itself.
        unreadable: files that were skipped, each with its true reason.
        unmatched: files without a partner.
        warnings: what a person should know, one sentence each.
        bytes: what the decoded pictures take.
        backend: where they are: in memory, mapped from the cache on disk, or decoded when they are needed.
        fingerprint: a hash over the content of every file used, in order, and every setting that changes a batch; the
            same for all backends.
    """

    kind: Literal["pairs", "domains", "labelled", "images"]
    unit: Literal["pair", "image"]
    layout: str
    path: str
    counts: dict[str, int]
    names: dict[str, list[str]]
    classes: dict[str, int]
    split_made: bool
    unreadable: list[Unreadable]
    unmatched: list[str]
    warnings: list[str]
    bytes: int
    backend: Literal["memory", "disk", "stream"]
    fingerprint: str
    schema: int = field(default=SCHEMA)

    def remarks(self) -> list[str]:
        """What a person should be told before training, a line each: what the pictures serve, which files are skipped
        and why, and the warnings."""
        train = [count for split, count in self.counts.items() if split.partition(" ")[0] == "train"]
        images = ", ".join(f"{count} {split}" for split, count in self.counts.items())
        skipped = [f"{printable(str(each.file))}: {each.reason}" for each in self.unreadable]
        skipped += [f"{name}: it has no partner" for name in self.unmatched]
        more = [f"skipped: {len(skipped) - NAMED} more, all in data.json"] if len(skipped) > NAMED else []
        return [
            f"pictures: {images}: {advice(self.kind, min(train), self.classes)}",
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
