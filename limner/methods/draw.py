"""The random numbers that a method may draw."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Draw:
    """Random numbers of one turn, from a generator keyed by (seed, step, rank, turn): a repeated turn draws the same.

    Numbers are drawn on the CPU and moved, so every device sees the same ones.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._device = device

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, float32."""
        return self._hand(lambda generator: torch.randn(shape, generator=generator))

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), float32."""
        return self._hand(lambda generator: torch.rand(shape, generator=generator))

    def integers(self, high: int, *shape: int) -> Tensor:
        """Whole numbers in 0..high-1, int64."""
        return self._hand(lambda generator: torch.randint(high, shape, generator=generator))

    def _hand(self, make: Callable[[torch.Generator], Tensor]) -> Tensor:
        return make(self._generator).to(self._device)
