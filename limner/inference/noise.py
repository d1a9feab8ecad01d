"""Dropout with random numbers of its own, so that a seed gives the same picture and nobody else's numbers move."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from limner.data.batch import to_bytes
from limner.random import seed_for_image


@contextmanager
def dropout(network: nn.Module, seed: int | None) -> Iterator[None]:
    """Inside, the network's dropout layers draw from a generator of their own; None turns them off.

    The layers themselves stay in evaluation mode. Numbers are drawn on the CPU, so every device sees the same ones.
    """
    if seed is None:
        yield
        return
    generator = torch.Generator().manual_seed(seed)

    def drop(module: nn.Module, _: Any, output: Tensor) -> Tensor:
        keep = 1 - float(module.p)  # type: ignore[arg-type]
        return output * (torch.rand(output.shape, generator=generator) < keep).to(output).div_(keep)

    hooks = [m.register_forward_hook(drop) for m in network.modules() if isinstance(m, nn.Dropout)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def has_dropout(network: nn.Module) -> bool:
    """Whether the network drops anything when dropout is on."""
    return any(isinstance(module, nn.Dropout) and module.p > 0 for module in network.modules())


def seed_for(image: Tensor, seed: int | None, sample: int) -> int:
    """The seed of one sample of one picture: keyed by what the picture shows, whatever else is translated with it.

    Args:
        image: (3, H, W) in [-1, 1].
        seed: the user's; None draws a new one.
        sample: number of the sample, from 0.
    """
    if seed is None:
        return secrets.randbits(63)
    content = to_bytes(image).cpu().contiguous().numpy()
    return seed_for_image(content.tobytes(), seed, sample, *content.shape)
