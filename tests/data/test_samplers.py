"""The order is a pure function in which every picture comes once an epoch."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.data.samplers import EpochSampler

sizes = st.integers(1, 40)


@given(length=sizes, batch=sizes, seed=st.integers(0, 2**63 - 1), world=st.integers(1, 4), epochs=st.integers(1, 3))
def test_every_image_once_an_epoch(length, batch, seed, world, epochs):
    orders = [EpochSampler(length, batch, seed, rank, world) for rank in range(world)]
    batches = -(-length * epochs // (batch * world))
    rows = [order.positions(counter) for counter in range(batches) for order in orders]
    assert all(len(row) == batch for row in rows)
    seen = list(chain.from_iterable(rows))[: length * epochs]
    for epoch in range(epochs):
        part = seen[epoch * length : (epoch + 1) * length]
        assert sorted(part) == [(epoch, index) for index in range(length)]


def test_processes_together_see_what_one_alone_sees():
    alone = EpochSampler(23, 6, 5)
    together = [EpochSampler(23, 2, 5, rank, 3) for rank in range(3)]
    for counter in range(9):
        assert alone.positions(counter) == list(chain.from_iterable(o.positions(counter) for o in together))


def test_asking_in_any_order_gives_the_same():
    forward, backward = EpochSampler(7, 3, 1), EpochSampler(7, 3, 1)
    counters = range(20)
    assert [forward.positions(c) for c in counters] == [backward.positions(c) for c in reversed(counters)][::-1]


def test_epochs_and_seeds_differ():
    order = EpochSampler(50, 50, 1)
    first, second = ([index for _, index in order.positions(c)] for c in (0, 1))
    assert first != second and first != list(range(50))
    assert first != [index for _, index in EpochSampler(50, 50, 2).positions(0)]


def test_epoch_counts_images_seen():
    assert EpochSampler(10, 5, 0).epoch(3) == 1.5
    assert EpochSampler(10, 5, 0, 1, 2).epoch(3) == 3.0


def test_nothing_to_order_is_refused():
    with pytest.raises(ValueError, match="length 0"):
        EpochSampler(0, 1, 0)
