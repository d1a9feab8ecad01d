"""Very large pictures: overlapping tiles, their seams blended."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

OVERLAP = 0.25
"""Least share of a tile that it has in common with its neighbour."""


def translate_tiles(translate: Callable[[Tensor], Tensor], image: Tensor, tile: int) -> Tensor:
    """Translate a picture tile by tile.

    Args:
        translate: (1, C, tile, tile) -> the same size.
        image: (1, C, H, W), at least one tile on both sides.
        tile: side of a tile in pixels.

    Returns:
        (1, C', H, W) on the CPU. Where tiles overlap, each counts the less, the nearer its own border is.
    """
    height, width = image.shape[-2:]
    weight = _weight(tile)
    total, weights = None, torch.zeros(height, width)
    for top in starts(height, tile):
        for left in starts(width, tile):
            here = (..., slice(top, top + tile), slice(left, left + tile))
            made = translate(image[here]).float().cpu()
            if total is None:
                total = torch.zeros(1, made.shape[1], height, width)
            total[here] += made * weight
            weights[here] += weight
    assert total is not None
    return total / weights


def starts(length: int, tile: int) -> list[int]:
    """Where tiles begin along one side: evenly spread, the first at 0, the last ending with the picture."""
    count = math.ceil((length - tile) / (tile * (1 - OVERLAP))) + 1
    return [round(place) for place in torch.linspace(0, length - tile, count).tolist()]


def _weight(tile: int) -> Tensor:
    """(tile, tile): 1 in the middle, falling in a straight line towards the border over the overlap."""
    ramp = torch.arange(1, tile + 1).minimum(torch.arange(tile, 0, -1)) / (tile * OVERLAP)
    side = ramp.clamp(max=1)
    return torch.outer(side, side)
