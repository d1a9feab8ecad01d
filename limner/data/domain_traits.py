"""What pictures look like in a few numbers: light, colour, where the detail sits; and how far two sets lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limner.data.images import Pixels

Floats = NDArray[np.float64]

SIDE: Final = 64
"""Pictures are looked at with this side in pixels: what a person sees at a glance."""
GRID: Final = 8
"""Cells along each side of the map of detail."""

_LUMA: Final = np.array([0.299, 0.587, 0.114])
_SCALES: Final = 4
_LEAST_ENERGY: Final = 1e-5
_FOLDS: Final = 10
_RIDGE: Final = 10.0
_LEAST_SPREAD: Final = 0.01


@dataclass(frozen=True)
class Traits:
    """What is measured of each picture, one row for each; colours run from 0 to 1.

    Attributes:
        brightness: mean luma (ITU-R 601-2), (N,).
        contrast: standard deviation of the luma, (N,).
        saturation: mean of (max - min) / max over the channels, (N,).
        colour: mean of each channel, (N, 3).
        detail: share of the gradient energy in each cell, (N, 8, 8), each summing to 1; even where there is none.
        texture: logarithm of the gradient energy across and down, at four sizes of detail, (N, 8).
    """

    brightness: Floats
    contrast: Floats
    saturation: Floats
    colour: Floats
    detail: Floats
    texture: Floats

    def __len__(self) -> int:
        return len(self.brightness)

    @property
    def centre(self) -> Floats:
        """The centre of each picture's detail, (N, 2): from the left and from the top, 0 to 1."""
        return np.stack([self.detail.sum(1) @ _places(), self.detail.sum(2) @ _places()], 1)

    @property
    def detail_spread(self) -> Floats:
        """Root mean square distance of each picture's detail from its centre, (N,); 0.40 when it is everywhere."""
        x, y = (self.centre[:, axis, None] for axis in (0, 1))
        across = (self.detail.sum(1) * (_places() - x) ** 2).sum(1)
        return np.asarray(np.sqrt(across + (self.detail.sum(2) * (_places() - y) ** 2).sum(1)))

    @property
    def table(self) -> Floats:
        """All of it, with the detail in 4 x 4 cells, (N, 30)."""
        coarse = self.detail.reshape(-1, 4, GRID // 4, 4, GRID // 4).sum((2, 4)).reshape(-1, 16)
        light = [self.brightness[:, None], self.contrast[:, None], self.saturation[:, None]]
        return np.concatenate([*light, self.colour, self.texture, coarse], 1)


@dataclass(frozen=True)
class DomainLook:
    """A domain in numbers for a person; colours run from 0 to 1.

    Attributes:
        count: pictures of the domain.
        looked_at: of these, those that were measured.
        size: median width and height in pixels, where known.
        brightness: mean luma.
        contrast: standard deviation of the luma within a picture.
        saturation: of the colours.
        colour: mean red, green and blue.
        detail: where the detail sits, 8 rows of 8 shares that sum to 1.
        middle: share of the detail in the central quarter of the area; 0.25 when it is everywhere.
        centre: of the detail, from the left and from the top.
        detail_spread: root mean square distance of the detail from its centre in a picture; 0.40 when it is everywhere.
        centre_spread: root mean square distance of the pictures' centres from the centre of all.
    """

    count: int
    looked_at: int
    size: tuple[int, int] | None
    brightness: float
    contrast: float
    saturation: float
    colour: tuple[float, float, float]
    detail: list[list[float]]
    middle: float
    centre: tuple[float, float]
    detail_spread: float
    centre_spread: float


def measure(images: Pixels) -> Traits:
    """The traits of square pictures, uint8 (N, 3, S, S)."""
    small = np.stack([_reduced(image) for image in images])
    luma = np.einsum("nchw,c->nhw", small, _LUMA)
    most, least = small.max(1), small.min(1)
    saturation = np.divide(most - least, most, out=np.zeros_like(most), where=most > 0)
    return Traits(
        brightness=luma.mean((1, 2)),
        contrast=luma.std((1, 2)),
        saturation=saturation.mean((1, 2)),
        colour=small.mean((2, 3)),
        detail=_detail(luma),
        texture=_texture(luma),
    )


def describe(traits: Traits, count: int, sizes: Sequence[tuple[int, int]]) -> DomainLook:
    """The numbers of a domain.

    Args:
        traits: of the pictures that were measured.
        count: pictures of the domain in all.
        sizes: width and height of pictures of it, as far as known.
    """
    detail, centres = traits.detail.mean(0), traits.centre
    red, green, blue = (_number(channel) for channel in traits.colour.mean(0))
    quarter = GRID // 4
    return DomainLook(
        count=count,
        looked_at=len(traits),
        size=(_median([width for width, _ in sizes]), _median([height for _, height in sizes])) if sizes else None,
        brightness=_number(traits.brightness.mean()),
        contrast=_number(traits.contrast.mean()),
        saturation=_number(traits.saturation.mean()),
        colour=(red, green, blue),
        detail=[[_number(share) for share in row] for row in detail],
        middle=_number(detail[quarter:-quarter, quarter:-quarter].sum()),
        centre=(_number(centres[:, 0].mean()), _number(centres[:, 1].mean())),
        detail_spread=_number(traits.detail_spread.mean()),
        centre_spread=_number(np.sqrt(((centres - centres.mean(0)) ** 2).sum(1).mean())),
    )


def effect(a: Floats, b: Floats, least: float) -> float:
    """Distance of the means of (N,) and (M,) values in standard deviations, less two standard errors.

    0 where the means lie closer than `least`, however sure that is.
    """
    distance = abs(float(a.mean() - b.mean()))
    if distance < least:
        return 0.0
    spread = float(np.sqrt((a.var() + b.var()) / 2)) + _LEAST_SPREAD
    return max(0.0, distance / spread - 2 * float(np.sqrt(1 / len(a) + 1 / len(b))))


def layout_shift(a: Floats, b: Floats) -> tuple[float, float]:
    """How much of what the maps (N, ...) and (M, ...) hold lies elsewhere on average, 0 to 1, and what chance gives.

    The first is the total variation distance of the mean maps, each of which sums to 1. The second is its expectation
    for two samples of one distribution, with the variance of each cell as measured.
    """
    distance = np.abs(a.mean(0) - b.mean(0)).sum() / 2
    # The mean absolute value of a normal error of this variance, summed over the cells like the distance itself.
    chance = np.sqrt(2 / np.pi * (a.var(0) / len(a) + b.var(0) / len(b))).sum() / 2
    return float(distance), float(chance)


def classifier_accuracy(a: Floats, b: Floats) -> float:
    """Share of rows of (N, D) and (M, D) whose set is told right, both sets counting the same; 0.5 is a coin.

    By ridge regression on the standardised columns, each row told by what was learnt from the other nine tenths.
    """
    rows, side = np.concatenate([a, b]), np.repeat([1.0, -1.0], [len(a), len(b)])
    rows = (rows - rows.mean(0)) / (rows.std(0) + 1e-9)
    rows = np.column_stack([rows, np.ones(len(rows))])
    weight = np.repeat([0.5 / len(a), 0.5 / len(b)], [len(a), len(b)]) * len(rows)
    fold = np.concatenate([np.arange(len(a)), np.arange(len(b))]) % _FOLDS
    said = np.empty(len(rows))
    for each in range(_FOLDS):
        known = fold != each
        weighted = rows[known].T * weight[known]
        ridge = _RIDGE * np.eye(rows.shape[1])
        said[~known] = rows[~known] @ np.linalg.solve(weighted @ rows[known] + ridge, weighted @ side[known])
    right = said * side > 0
    return float(right[side > 0].mean() + right[side < 0].mean()) / 2


def _reduced(image: Pixels) -> Floats:
    """uint8 (3, S, S) -> (3, 64, 64) in 0..1: the mean of the pixels under each new one."""
    side = image.shape[-1]
    starts = np.arange(SIDE) * side // SIDE
    widths = np.maximum(np.diff(starts, append=side), 1)
    sums = np.add.reduceat(np.add.reduceat(image, starts, axis=1, dtype=np.int64), starts, axis=2)
    return np.asarray(sums / (255.0 * widths[:, None] * widths))


def _gradients(luma: Floats) -> tuple[Floats, Floats]:
    """Squared differences across and down, each of the luma's size."""
    return np.diff(luma, axis=2, append=luma[:, :, -1:]) ** 2, np.diff(luma, axis=1, append=luma[:, -1:]) ** 2


def _detail(luma: Floats) -> Floats:
    across, down = _gradients(luma)
    cell = SIDE // GRID
    energy = (across + down).reshape(-1, GRID, cell, GRID, cell).sum((2, 4))
    whole = energy.sum((1, 2), keepdims=True)
    even = np.full_like(energy, 1 / GRID**2)
    return np.asarray(np.divide(energy, whole, out=even, where=whole > _LEAST_ENERGY))


def _texture(luma: Floats) -> Floats:
    energies = []
    for _ in range(_SCALES):
        energies += [np.log(energy.mean((1, 2)) + _LEAST_ENERGY) for energy in _gradients(luma)]
        half = luma.shape[-1] // 2
        luma = luma.reshape(-1, half, 2, half, 2).mean((2, 4))
    return np.stack(energies, 1)


def _places() -> Floats:
    return (np.arange(GRID) + 0.5) / GRID


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]


def _number(value: float | np.floating) -> float:
    return round(float(value), 4)
