"""What a metric is: a number of what a model made, which says itself how it is called, what it means and needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from limner.data.splits import References

Need = Literal["targets", "inputs", "images", "labels", "round_trips", "domains"]
"""What a metric looks at beside the outputs: fields of `References`, and `round_trips` of `Outputs`."""
Better = Literal["lower", "higher", ""]
Value = TypeVar("Value")

_CHUNK = 4 * 256 * 256
"""Pixels looked at in one go: bounds the memory, and measured fastest."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a model made, image for image of the references' inputs where there are any.

    Attributes:
        images: uint8 (N, C, S, S).
        round_trips: what the other direction made of the images, the same shape; None of a model without one.
        labels: the classes that were asked for, int64 (N,); None where there are none.
    """

    images: Tensor
    round_trips: Tensor | None = None
    labels: Tensor | None = None
    _known: dict[Callable[..., Any], tuple[References, Any]] = field(default_factory=dict, init=False, repr=False)

    def once(self, work: Callable[[Outputs, References], Value], references: References) -> Value:
        """What `work` gives of these outputs and references: computed the first time, then remembered."""
        if work not in self._known or self._known[work][0] is not references:
            self._known[work] = references, work(self, references)
        value: Value = self._known[work][1]
        return value


Rows = Callable[[Outputs, References], Tensor]
Whole = Callable[[Outputs, References], float]


@dataclass(frozen=True)
class Metric:
    """One number of a model's outputs.

    It is computed over all images at once by `whole`, or is the mean of `rows`, the numbers (N,) of single images.

    Attributes:
        name: as in tags: `val/NAME`, `val/DIRECTION/NAME`.
        title: how it is called in a heading.
        sentence: what it measures and how it misleads, one to three sentences.
        better: which way is better; "" where neither is.
        needs: what must be known.
        smallest: least height and width in pixels.
        channels: that images may have; empty: any number.
        reference: a value that means something of its own, which the sentence explains; a chart marks it.
        copy_wins: a model that hands back its inputs has the best value, so nobody is marked as the best.
        usable: whether all that it needs is on this machine; computes nothing.
    """

    name: str
    title: str
    sentence: str
    needs: frozenset[Need]
    whole: Whole | None = None
    rows: Rows | None = None
    better: Better = ""
    smallest: int = 1
    channels: frozenset[int] = frozenset()
    reference: float | None = None
    copy_wins: bool = False
    usable: Callable[[], bool] = lambda: True

    def compute(self, outputs: Outputs, references: References) -> float:
        """The number; what the metric needs is there and fits (see `limner.metrics.score`)."""
        if self.whole is not None:
            return outputs.once(self.whole, references)
        rows = self._rows(outputs, references)
        return float(rows.double().sum()) / len(rows)

    def each(self, outputs: Outputs, references: References) -> list[float] | None:
        """The number of every single image, for a ranking; None where only all of them together have one."""
        return None if self.rows is None else self._rows(outputs, references).tolist()

    def _rows(self, outputs: Outputs, references: References) -> Tensor:
        assert self.rows is not None, f"{self.name} has neither a whole nor rows"
        return outputs.once(self.rows, references)


def chunks(*sets: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Some rows at a time of uint8 images (N, C, H, W), as numbers in [0, 1]."""
    rows = max(1, _CHUNK // sets[0][0, 0].numel())
    for start in range(0, len(sets[0]), rows):
        yield tuple(_unit(images[start : start + rows]) for images in sets)


def _unit(levels: Tensor) -> Tensor:
    # On CUDA float32 products may be rounded to TF32, which is too coarse for variances.
    return levels.to(torch.float64 if levels.is_cuda else torch.float32) / 255
