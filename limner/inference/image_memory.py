"""Will a picture fit into memory? Asked before a large one is translated, because no answer comes after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from limner.data.free_memory import free_memory
from limner.errors import DataError


class TooLargeError(DataError):
    """A picture does not fit into memory; others may."""


UNASKED = 4_000_000
"""Pictures of at most this many pixels are translated without asking."""

_LIVING = 0.5
"""Share of a network's intermediate pictures alive at once: an estimate for U-Nets, whose skips wait for their turn."""


def check_memory(
    network: nn.Module,
    run: Callable[[Tensor], Tensor],
    small: tuple[int, int],
    height: int,
    width: int,
    device: torch.device,
) -> None:
    """Raise TooLargeError when a picture of this size would not fit.

    Args:
        network: looked at while it runs once on a small picture, to see what it keeps per pixel.
        run: runs it on (1, C, H, W).
        small: channels and side of a picture that it can take.
        height, width: of the picture, in pixels.
        device: where it would be translated.
    """
    if height * width <= UNASKED:
        return
    needed, free = height * width * bytes_per_pixel(network, run, small), _free(device)
    if needed > free:
        raise TooLargeError(
            f"A picture of {width} x {height} pixels needs about {needed / 2**30:.1f} GiB of memory, "
            f"{free / 2**30:.1f} GiB are free on {device}.",
            "translate it in tiles (--tile 1024), or at the training size (--fit resize)",
        )


def bytes_per_pixel(network: nn.Module, run: Callable[[Tensor], Tensor], small: tuple[int, int]) -> float:
    """What the network's intermediate pictures take per pixel of the picture."""
    numbers = 0
    channels, side = small

    def count(_: nn.Module, __: Any, output: Any) -> None:
        nonlocal numbers
        numbers += output.numel() if isinstance(output, Tensor) else 0

    hooks = [m.register_forward_hook(count) for m in network.modules() if not list(m.children())]
    try:
        run(torch.zeros(1, channels, side, side))
    finally:
        for hook in hooks:
            hook.remove()
    return 4 * _LIVING * numbers / side**2


def _free(device: torch.device) -> int:
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else free_memory()
