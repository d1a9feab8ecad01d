"""Which picture of a domain is met at each place of an endless row, so that every one is met equally often."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PURPOSE: Final = 0x766973697473
"""Keeps these numbers apart from all others drawn from the same seed."""


class DomainSampler:
    """Cuts an endless row of places into cycles, each a permutation of the domain keyed by (seed, domain, cycle).

    A pure function of its arguments; it may be asked from several threads at once, in any order.

    Args:
        count: pictures of the domain, at least 1.
        epoch: places that are asked for at about the same time, in any order.
        seed: any whole number from 0.
        domain: 0 for A, 1 for B: the domains' orders know nothing of each other.
    """

    def __init__(self, count: int, epoch: int, seed: int, domain: int) -> None:
        self._count, self._seed, self._domain = count, seed, domain
        # An epoch touches at most epoch / count + 2 cycles, and a batch may lie in two epochs.
        self._permutation = lru_cache(maxsize=2 * (epoch // count + 2))(self._draw)

    def image(self, place: int) -> int:
        """The picture met at a place, counted from 0."""
        cycle, rest = divmod(place, self._count)
        return int(self._permutation(cycle)[rest])

    def _draw(self, cycle: int) -> NDArray[np.int64]:
        return np.random.default_rng([_PURPOSE, self._seed, self._domain, cycle]).permutation(self._count)
