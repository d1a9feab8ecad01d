"""The order in which a run meets its pictures: pure functions of the seed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.random import numpy_generator


class EpochSampler:
    """Cuts an endless row of epochs, each a permutation of all pictures keyed by (seed, epoch), into batches.

    Every picture comes exactly once in each epoch. Batches are never partial: one may end an epoch and begin the next.

    Args:
        length: number of pictures, at least 1.
        batch: pictures in one batch of one process.
        seed: any whole number from 0.
        rank: which of `world` processes this is; together they take batches of `world * batch` pictures.
    """

    def __init__(self, length: int, batch: int, seed: int, rank: int = 0, world: int = 1) -> None:
        if length < 1 or batch < 1 or not 0 <= rank < world:
            raise ValueError(f"no order for length {length}, batch {batch}, rank {rank} of {world}")
        self._length, self._batch, self._seed, self._rank, self._world = length, batch, seed, rank, world
        self._permutation = lru_cache(maxsize=2)(self._draw)

    def positions(self, counter: int) -> list[tuple[int, int]]:
        """The (epoch, index) of each picture in batch number `counter`, counted from 0."""
        start = (counter * self._world + self._rank) * self._batch
        places = (divmod(place, self._length) for place in range(start, start + self._batch))
        return [(epoch, int(self._permutation(epoch)[place])) for epoch, place in places]

    def epoch(self, counter: int) -> float:
        """How many times all pictures have been seen before batch number `counter`."""
        return counter * self._world * self._batch / self._length

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        return numpy_generator(self._seed, "order", epoch).permutation(self._length)


class CycleSampler:
    """Which picture of a group, a domain or a class, is met at each place of an endless row: each equally often.

    The row is cut into cycles, each a permutation of the group keyed by (seed, group, cycle). A pure function of its
    arguments; it may be asked from several threads at once, in any order.

    Args:
        count: pictures of the group, at least 1.
        epoch: places that are asked for at about the same time, in any order.
        seed: any whole number from 0.
        group: the orders of different groups know nothing of each other.
    """

    def __init__(self, count: int, epoch: int, seed: int, group: int) -> None:
        self._count, self._seed, self._group = count, seed, group
        # An epoch touches at most epoch / count + 2 cycles, and a batch may lie in two epochs.
        self._permutation = lru_cache(maxsize=2 * (epoch // count + 2))(self._draw)

    def image(self, place: int) -> int:
        """The picture met at a place, counted from 0."""
        cycle, rest = divmod(place, self._count)
        return int(self._permutation(cycle)[rest])

    def _draw(self, cycle: int) -> NDArray[np.int64]:
        return numpy_generator(self._seed, "cycle", self._group, cycle).permutation(self._count)
