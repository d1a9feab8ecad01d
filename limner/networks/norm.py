"""Norm layers, and how the statistics of batch norm are kept still."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from limner.config.networks import Norm


def norm_layer(norm: Norm, channels: int) -> nn.Module | None:
    """The layer, or None for "none".

    Batch norm has eps 1e-5, momentum 0.1, scale and shift; instance norm has neither scale nor shift nor memory
    (both as in the public pix2pix and CycleGAN code).
    """
    match norm:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "instance":
            return nn.InstanceNorm2d(channels)
        case "none":
            return None


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Inside, batch norm in training mode still uses the batch at hand but leaves its running statistics alone."""
    tracking = [module for module in network.modules() if getattr(module, "track_running_stats", False)]
    for module in tracking:
        module.track_running_stats = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in tracking:
            module.track_running_stats = True  # type: ignore[assignment]
