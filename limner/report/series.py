"""Logged numbers as series by tag: what a tag is made of, made smooth for the eye, and thinned for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from limner.runs.declaration import ARROWS
from limner.runs.logs import MetricsRow

Numbers = npt.NDArray[np.float64]

SPLITS = {"train": "training", "val": "validation"}


@dataclass(frozen=True)
class Tag:
    """A tag such as `val/AtoB/ssim` or `train/generator/l1` in its parts; those that it does not have are empty.

    Attributes:
        split: "train" or "val".
        direction: "AtoB" or "BtoA", of a metric of a model that translates both ways.
        group: what comes before the last part: the loss that a term belongs to, or `lr`.
        term: the last part.
    """

    split: str
    direction: str
    group: str
    term: str

    @property
    def name(self) -> str:
        """What both directions and splits share: "ssim", "generator/l1"."""
        return f"{self.group}/{self.term}" if self.group else self.term

    @property
    def way(self) -> str:
        """The direction in words."""
        return ARROWS.get(self.direction, "")


@cache
def read_tag(tag: str) -> Tag:
    """The parts of a tag, with or without its split."""
    split, _, rest = tag.partition("/")
    if split not in SPLITS or not rest:
        split, rest = "", tag
    direction, _, metric = rest.partition("/")
    if direction in ARROWS and metric:
        return Tag(split, direction, "", metric)
    group, _, term = rest.rpartition("/")
    return Tag(split, "", group, term)


@dataclass(frozen=True)
class Series:
    """One tag over the steps of a run; steps rise and are unique, values may be infinite or not a number."""

    tag: str
    steps: Numbers
    values: Numbers

    @property
    def last(self) -> float:
        return float(self.values[-1])

    @property
    def last_step(self) -> int:
        return int(self.steps[-1])

    def best(self, better: str) -> tuple[float, int] | None:
        """The best finite value and its step; None when there is no finite one or no better direction."""
        finite = np.flatnonzero(np.isfinite(self.values))
        if not better or not len(finite):
            return None
        chosen = self.values[finite]
        index = finite[int(np.argmin(chosen) if better == "lower" else np.argmax(chosen))]
        return float(self.values[index]), int(self.steps[index])

    def at(self, step: int) -> float | None:
        """The value at exactly this step."""
        found = np.flatnonzero(self.steps == step)
        return float(self.values[found[0]]) if len(found) else None


def all_series(metrics: Sequence[MetricsRow]) -> dict[str, Series]:
    """Every tag of a run. Where a step was logged twice for a tag, the later row counts.

    Args:
        metrics: by rising step.
    """
    points: dict[str, dict[int, float]] = {}
    for row in metrics:
        for tag, value in row.values.items():
            points.setdefault(tag, {})[row.step] = value
    return {
        tag: Series(tag, np.array(list(by_step), float), np.array(list(by_step.values()), float))
        for tag, by_step in points.items()
    }


def smooth(values: Numbers) -> Numbers:
    """Moving average, centred, over about a thirtieth of the points; gaps stay gaps."""
    width = len(values) // 30
    if width < 2:
        return values
    window = np.hanning(2 * width + 3)[1:-1]
    finite = np.isfinite(values)
    total = np.convolve(np.where(finite, values, 0.0), window, "same")
    weight = np.convolve(finite.astype(float), window, "same")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(finite, total / weight, np.nan)


def thin(steps: Numbers, values: Numbers, most: int = 240) -> tuple[Numbers, Numbers]:
    """At most about 2 * `most` points that keep every peak: the lowest and the highest of each stretch."""
    if len(steps) <= 2 * most:
        return steps, values
    keep = {0, len(steps) - 1}
    edges = np.linspace(0, len(steps), most + 1).astype(int)
    for start, stop in pairwise(edges):
        part = values[start:stop]
        finite = np.flatnonzero(np.isfinite(part))
        if len(finite) < len(part):
            keep.add(start + int(np.flatnonzero(~np.isfinite(part))[0]))
        if len(finite):
            keep.update((start + int(finite[part[finite].argmin()]), start + int(finite[part[finite].argmax()])))
    chosen = np.array(sorted(keep))
    return steps[chosen], values[chosen]
