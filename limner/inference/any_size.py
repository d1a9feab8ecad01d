"""Images of any size: padded to what the network can halve, resized as in training, or taken in overlapping tiles.

A tile's own norm statistics would change its brightness, and the tiles become visible as a chequerboard: norms use the
statistics of the whole image, gathered over all tiles beforehand.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, interpolate, pad

from limner.data.batch import to_bytes, to_range


def pad_to(image: Tensor, multiple: int, least: int = 1) -> Tensor:
    """(N, C, H, W) with its border replicated on all sides, until both sides are multiples and at least `least`."""
    above, below = _margins(image.shape[-2], multiple, least)
    left, right = _margins(image.shape[-1], multiple, least)
    return pad(image, (left, right, above, below), mode="replicate")


def crop_back(image: Tensor, height: int, width: int) -> Tensor:
    """Undo `pad_to`: the middle (N, C, height, width)."""
    above, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., above : above + height, left : left + width]


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """Bicubic with antialiasing, to whole 8-bit steps like a training picture; (N, C, H, W) in [-1, 1]."""
    if image.shape[-2:] == (height, width):
        return image
    resized = interpolate(image, (height, width), mode="bicubic", antialias=True, align_corners=False)
    return to_range(to_bytes(resized))


def _margins(length: int, multiple: int, least: int) -> tuple[int, int]:
    missing = math.ceil(max(length, least) / multiple) * multiple - length
    return missing // 2, missing - missing // 2


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


Statistics = dict[str, tuple[Tensor, Tensor]]
"""Mean and biased variance per channel, by the name of the norm layer."""


def layers_of_the_image(network: nn.Module) -> dict[str, nn.Module]:
    """The norm layers, by name, that use the statistics of what they are given rather than running ones."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.InstanceNorm2d) or (isinstance(module, nn.BatchNorm2d) and module.training)
    }


@contextmanager
def gathered_statistics(network: nn.Module) -> Iterator[Statistics]:
    """Gather what the norm layers meet inside the block; the dictionary is filled when the block ends.

    Tiles, which are all of one size, are pooled: the mean of their means, and the variance of all their values
    together, which is the mean of their variances and the variance of their means. Neither of these can be negative;
    the mean of squares less the square of the mean, where the two nearly cancel, can.
    """
    means: defaultdict[str, list[Tensor]] = defaultdict(list)
    variances: defaultdict[str, list[Tensor]] = defaultdict(list)

    def remember(name: str, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0].float(), dim=(0, 2, 3), correction=0)
        means[name].append(mean)
        variances[name].append(variance)

    hooks = [m.register_forward_pre_hook(partial(remember, name)) for name, m in layers_of_the_image(network).items()]
    statistics: Statistics = {}
    try:
        yield statistics
    finally:
        for hook in hooks:
            hook.remove()
    for name in means:
        statistics[name] = _pooled(torch.stack(means[name]), torch.stack(variances[name]))


def _pooled(means: Tensor, variances: Tensor) -> tuple[Tensor, Tensor]:
    """(tiles, channels) each -> (channels,) each, in float32 on the same device."""
    # On the CPU, because Apple's GPUs have no float64.
    between, mean = torch.var_mean(means.cpu().double(), dim=0, correction=0)
    variance = variances.cpu().double().mean(dim=0) + between
    return mean.float().to(means.device), variance.float().to(means.device)


@contextmanager
def fixed_statistics(network: nn.Module, statistics: Statistics) -> Iterator[None]:
    """Inside, the norm layers use these statistics instead of those of what they are given."""

    def normalise(name: str, module: Any, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
        mean, variance = statistics[name]
        return batch_norm(inputs[0], mean, variance, module.weight, module.bias, eps=module.eps)

    layers = layers_of_the_image(network)
    hooks = [layers[name].register_forward_hook(partial(normalise, name)) for name in statistics]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
