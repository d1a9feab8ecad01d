"""Keyed random numbers: what is drawn depends on what it is for, never on what was drawn before."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor


def seed_for(*key: int | str) -> int:
    """A seed in 0..2**63-1 for one use of random numbers, such as (run's seed, "turn", step, rank, turn)."""
    return _number(blake2b(repr(key).encode(), digest_size=8).digest())


def seed_for_image(pixels: bytes, *key: int | str | None) -> int:
    """A seed in 0..2**63-1 that follows from an image's content and a key, whatever else is computed beside it."""
    digest = blake2b(repr(key).encode(), digest_size=8)
    digest.update(pixels)
    return _number(digest.digest())


def numpy_generator(*key: int | str) -> np.random.Generator:
    """NumPy's generator for one use of random numbers: the counter-based Philox (Salmon et al. 2011)."""
    return np.random.Generator(np.random.Philox(key=seed_for(*key)))


class Draw:
    """Random numbers of one use, from a generator of their own: the same seed draws the same.

    Numbers are drawn on the CPU and moved, so every device sees the same ones; `on_device` draws them where they are
    needed, which is faster for whole images of noise on a GPU, and gives other numbers there.

    Args:
        seed: of these numbers, see `seed_for`.
        device: where the numbers are needed.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self._generators: dict[torch.device, torch.Generator] = {}

    def normal(self, *shape: int, on_device: bool = False) -> Tensor:
        """Standard normal numbers, float32."""
        return self._hand(lambda g: torch.randn(shape, generator=g, device=g.device), on_device)

    def uniform(self, *shape: int, on_device: bool = False) -> Tensor:
        """Numbers in [0, 1), float32."""
        return self._hand(lambda g: torch.rand(shape, generator=g, device=g.device), on_device)

    def integers(self, high: int, *shape: int) -> Tensor:
        """Whole numbers in 0..high-1, int64."""
        return self._hand(lambda g: torch.randint(high, shape, generator=g, device=g.device), on_device=False)

    def _hand(self, make: Callable[[torch.Generator], Tensor], on_device: bool) -> Tensor:
        return make(self._generator(on_device)).to(self._device)

    def _generator(self, on_device: bool) -> torch.Generator:
        device = self._device if on_device else torch.device("cpu")
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big") >> 1
