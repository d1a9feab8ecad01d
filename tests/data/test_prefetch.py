"""Things come in order whatever the threads do, errors come in their place, and nothing is left running."""

import threading
import time

import pytest

from limner.data.prefetch import Prefetcher


def slow_when_even(number):
    time.sleep(0.004 if number % 2 == 0 else 0)
    return number


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_in_order_from_the_first(workers):
    with Prefetcher(slow_when_even, 5, workers, 3) as made:
        assert [next(made) for _ in range(20)] == list(range(5, 25))


@pytest.mark.parametrize("workers", [0, 2])
def test_stops(workers):
    with Prefetcher(slow_when_even, 0, workers, 4, stop=6) as made:
        assert list(made) == list(range(6))
    with Prefetcher(slow_when_even, 3, workers, 4, stop=3) as made:
        assert list(made) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_is_raised_in_its_place(workers):
    def make(number):
        if number == 2:
            raise RuntimeError("two is bad")
        return number

    with Prefetcher(make, 0, workers, 8) as made:
        assert [next(made), next(made)] == [0, 1]
        with pytest.raises(RuntimeError, match="two is bad"):
            next(made)


def test_no_more_ahead_than_allowed():
    made = []
    with Prefetcher(made.append, 0, 2, 3) as things:
        next(things)
        time.sleep(0.05)
        assert len(made) <= 4


def test_threads_end_with_the_block():
    before = threading.active_count()
    with Prefetcher(slow_when_even, 0, 3, 50) as made:
        next(made)
    assert threading.active_count() == before


def test_waiting_is_measured():
    def make(number):
        time.sleep(0.02)
        return number

    with Prefetcher(make, 0, 0, 1) as made:
        next(made)
        assert made.waited >= 0.02
    with Prefetcher(make, 0, 2, 4) as made:
        time.sleep(0.1)
        next(made)
        assert made.waited < 0.02
