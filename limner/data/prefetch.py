"""Make things ahead of their use in threads, and hand them over in order."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Yields make(first), make(first + 1), ... in order; an error of `make` is raised in its place.

    Use it as a context manager, so that its threads end with the block.

    Args:
        make: called from several threads at once, so it must be a function of its number alone.
        first: number of the first thing.
        workers: threads that make; 0 makes each thing when it is asked for.
        ahead: how many things may be made, or be in the making, before they are asked for.
        stop: number of the first thing not to make; None goes on for ever.

    Attributes:
        waited: seconds that the caller has spent waiting so far.
    """

    def __init__(self, make: Callable[[int], T], first: int, workers: int, ahead: int, stop: int | None = None) -> None:
        self.waited = 0.0
        self._make = make
        self._numbers = itertools.count(first) if stop is None else iter(range(first, stop))
        self._ahead = max(1, ahead)
        self._futures: deque[Future[T]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="limner-data") if workers else None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        start = time.perf_counter()
        try:
            if self._pool is None:
                return self._make(next(self._numbers))
            self._fill(self._pool)
            if not self._futures:
                raise StopIteration
            return self._futures.popleft().result()
        finally:
            self.waited += time.perf_counter() - start

    def __enter__(self) -> Self:
        if self._pool is not None:
            self._fill(self._pool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drops what has not begun and waits for what has; may be called twice."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        wanted = self._ahead - len(self._futures)
        self._futures.extend(pool.submit(self._make, number) for number in itertools.islice(self._numbers, wanted))
