"""Where a picture is cropped and whether it is flipped: one draw per picture or pair, keyed by (seed, epoch, index)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from torch import Tensor
from torch.nn.functional import interpolate

_WORD: Final = 0xFFFFFFFFFFFFFFFF
_GOLDEN: Final = 0x9E3779B97F4A7C15
_NUMBERS: Final = 4
"""Drawn for each picture of a position: top, left, flip, side."""


class Placement(NamedTuple):
    """The crop's upper left corner in pixels, and whether it is mirrored left to right."""

    top: int
    left: int
    flip: bool


@dataclass(frozen=True)
class Variation:
    """How the pictures of one domain are varied.

    Attributes:
        size: side of the pictures that come out, in pixels.
        stored: side of the pictures that go in.
        least_share: a crop keeps a share of the area drawn evenly from this to 1, and is resized to `size`; where it is
            1, crops have side `size` and are not resized.
        flip: probability of mirroring.
    """

    size: int
    stored: int
    least_share: float
    flip: float

    def vary(self, image: Tensor, seed: int, epoch: int, index: int, stream: int = 0) -> Tensor:
        """uint8 (3, stored, stored) -> (3, size, size); the same arguments always give the same crop.

        Args:
            image: what is stored.
            seed: the run's seed.
            epoch: of the position.
            index: of the position.
            stream: draws of different streams know nothing of one another: one for each domain.
        """
        side = self._side(seed, epoch, index, stream)
        top, left, flip = draw_placement(seed, epoch, index, self.stored - side, self.flip, stream)
        crop = resized(image[:, top : top + side, left : left + side], self.size)
        return crop.flip(-1) if flip else crop

    def _side(self, seed: int, epoch: int, index: int, stream: int) -> int:
        if self.least_share == 1:
            return self.size
        share = self.least_share + (1 - self.least_share) * _draw(seed, epoch, index, _NUMBERS * stream + 4) / 2.0**64
        return max(1, round(self.stored * math.sqrt(share)))


def resized(image: Tensor, size: int) -> Tensor:
    """uint8 (3, S, S) -> (3, size, size): bilinear, over all pixels that a new one covers, in whole numbers."""
    if image.shape[-1] == size:
        return image
    return interpolate(image[None], size=(size, size), mode="bilinear", antialias=True)[0]


def draw_placement(seed: int, epoch: int, index: int, slack: int, flip: float, stream: int = 0) -> Placement:
    """Draws the placement of one picture or pair in one epoch; the same arguments always give the same one.

    Args:
        seed: the run's seed.
        epoch: how often all pictures have been seen before.
        index: the place in the split.
        slack: pixels by which the stored picture exceeds the crop; corners lie in 0..slack.
        flip: probability of mirroring.
        stream: draws of different streams know nothing of one another.
    """
    top, left, toss = (_draw(seed, epoch, index, _NUMBERS * stream + number) for number in (1, 2, 3))
    return Placement(top * (slack + 1) >> 64, left * (slack + 1) >> 64, toss < flip * 2.0**64)


def _draw(seed: int, epoch: int, index: int, number: int) -> int:
    """An even whole number below 2**64."""
    state = _mix(_mix(_mix(seed & _WORD) + epoch) + index)
    return _mix(state + number * _GOLDEN)


def _mix(state: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): spreads 64 bits evenly."""
    state = (state + _GOLDEN) & _WORD
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _WORD
    return state ^ state >> 31
