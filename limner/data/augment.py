"""Where a picture is cropped and whether it is flipped: drawn once per picture or pair, keyed by its position."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from limner.config.data import AugmentSettings
from limner.random import numpy_generator

_NUMBERS: Final = 4
"""Drawn for each picture: top, left, flip, side."""
_EPOCHS: Final = 4
"""Epochs whose numbers are kept: batches that are made ahead may lie in the next one."""


class Variation:
    """The random changes of one list of pictures: a function of (seed, stream, epoch, index) alone.

    It may be asked from several threads at once, in any order.

    Args:
        augment: what is varied, and how much.
        size: side of the pictures that come out, in pixels.
        seed: the run's seed.
        length: positions in an epoch.
        stream: draws of different streams know nothing of one another: one for each domain.

    Attributes:
        stored: side of the pictures that go in.
    """

    def __init__(self, augment: AugmentSettings, size: int, seed: int, length: int, stream: int = 0) -> None:
        self.stored, self._size = augment.stored(size), size
        self._least_share, self._flip = augment.least_share, augment.flip if augment.enabled else 0.0
        self._key, self._length = (seed, "augment", stream), length
        self._numbers = lru_cache(_EPOCHS)(self._draw)

    def vary(self, images: Tensor, epoch: int, index: int) -> Tensor:
        """uint8 (..., stored, stored) -> (..., size, size): one crop and one flip for all.

        A crop has side `size`, or where the settings say `scale` a share of the area drawn evenly from that to 1 and is
        resized; its corner is drawn evenly from all places.
        """
        top, left, flip, share = self._numbers(epoch)[index].tolist()
        side = self._side(share)
        y, x = (min(int(number * (self.stored - side + 1)), self.stored - side) for number in (top, left))
        crop = resized(images[..., y : y + side, x : x + side], self._size)
        return crop.flip(-1) if flip < self._flip else crop

    def _side(self, share: float) -> int:
        if self._least_share == 1:
            return self._size
        return max(1, round(self.stored * math.sqrt(self._least_share + (1 - self._least_share) * share)))

    def _draw(self, epoch: int) -> NDArray[np.float64]:
        # Row after row, so that a picture's numbers do not hang on how many pictures there are.
        return numpy_generator(*self._key, epoch).random((self._length, _NUMBERS))


def resized(images: Tensor, size: int) -> Tensor:
    """uint8 (..., S, S) -> (..., size, size): bilinear, over all pixels that a new one covers, in whole numbers."""
    if images.shape[-1] == size:
        return images
    planes = images.reshape(-1, 1, *images.shape[-2:])
    made = interpolate(planes, size=(size, size), mode="bilinear", antialias=True)
    return made.reshape(*images.shape[:-2], size, size)
