"""Norm statistics of a whole picture, so that its tiles are not normalised each by its own.

A tile's own statistics change its brightness, and the tiles become visible as a chequerboard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

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
