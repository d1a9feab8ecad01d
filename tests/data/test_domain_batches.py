"""Batches of two domains: every picture equally often, partners drawn independently, pairs cropped alike."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from limner.config.data import DomainAugmentSettings
from limner.data.augment import Variation, resized
from limner.data.decoded import DecodedImages, Index
from limner.data.image_splits import Domain, DomainImages
from limner.data.pairing import Item
from limner.data.samplers import CycleSampler

STILL = DomainAugmentSettings(enabled=False)


def coordinates(count, side, turned=False):
    """Pictures that say of each pixel where it was, and which picture it is."""
    rows, columns = np.mgrid[:side, :side] * (252 // (side - 1))
    every = np.stack([np.stack([rows, columns, rows * 0 + number]) for number in range(count)]).astype(np.uint8)
    return 255 - every if turned else every


def numbered(count, variation, turned=False):
    items = [Item(str(number), ()) for number in range(count)]
    pixels = coordinates(count, variation.stored, turned)[:, None]
    store = DecodedImages(items, Index(rows=list(range(count)), digests=[[]] * count), pixels)
    return Domain(store, range(count), variation)


def drawn(count_a, count_b, seed=3, **more):
    """Two domains of pictures that are neither cropped nor flipped."""
    still = Variation(DomainAugmentSettings(enlarge=1.0, flip=0.0), 8, seed, max(count_a, count_b))
    return DomainImages(numbered(count_a, still), numbered(count_b, still), 8, seed, **more)


def numbers(batch):
    return batch.a[:, 2, 0, 0].tolist(), batch.b[:, 2, 0, 0].tolist()


@given(count_a=st.integers(1, 9), count_b=st.integers(1, 9), seed=st.integers(0, 2**63 - 1))
def test_every_image_is_met_equally_often(count_a, count_b, seed):
    images = drawn(count_a, count_b, seed)
    length, epochs = max(count_a, count_b), 2 * min(count_a, count_b)
    assert len(images) == length
    a, b = numbers(images.batch([(epoch, index) for epoch in range(epochs) for index in range(length)]))
    for met, count in ((a, count_a), (b, count_b)):
        assert np.bincount(met, minlength=count).tolist() == [epochs * length // count] * count
    larger = (a, b)[count_b > count_a]
    assert sorted(larger[:length]) == list(range(length)), "one epoch shows the larger domain once"


def test_partners_are_drawn_independently():
    images = drawn(40, 40)
    a, b = numbers(images.batch([(epoch, index) for epoch in range(60) for index in range(40)]))
    together = np.zeros((40, 40), int)
    np.add.at(together, (a, b), 1)
    # 2400 draws over 1600 partners: chance gives 1.5 +- 1.2 each; a fixed pairing 60 and 0.
    assert 30 <= np.trace(together) <= 95 and together.max() <= 10
    assert ((together - 1.5) ** 2 / 1.5).sum() == pytest.approx(1600, rel=0.15)
    other = numbers(drawn(40, 40, seed=4).batch([(0, index) for index in range(40)]))
    assert other != (a[:40], b[:40])


def test_a_position_alone_decides_even_among_threads():
    vary = [Variation(DomainAugmentSettings(enlarge=1.25), 8, 5, 7, stream) for stream in (0, 1)]
    a, b = numbered(7, vary[0]), numbered(3, vary[1])
    positions = [(epoch, index) for epoch in range(6) for index in range(7)]
    expected = DomainImages(a, b, 8, 5).batch(positions)
    shared, found = DomainImages(a, b, 8, 5), {}

    def ask(start):
        for place in list(range(start, len(positions), 4))[::-1]:
            found[place] = shared.batch([positions[place]])

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(torch.cat([found[place].a for place in range(42)]), expected.a)
    assert torch.equal(torch.cat([found[place].b for place in range(42)]), expected.b)


def test_a_tiny_domain_beside_a_large_one_is_not_shuffled_again_and_again(monkeypatch):
    calls = []
    real = CycleSampler._draw
    monkeypatch.setattr(CycleSampler, "_draw", lambda self, cycle: calls.append(cycle) or real(self, cycle))
    visits = CycleSampler(3, 500, 1, 0)
    order = np.random.default_rng(0).permutation(500)
    for epoch in range(4):
        for index in order:
            visits.image(epoch * 500 + int(index))
    assert sorted(calls) == list(range(-(-2000 // 3)))


@pytest.mark.parametrize("least_share", [1.0, 0.4])
def test_pairs_are_cropped_and_flipped_alike_and_domains_apart(least_share):
    augment = DomainAugmentSettings(enlarge=1.6, scale=least_share)
    vary, other = (Variation(augment, 20, 3, 5, stream) for stream in (0, 1))
    a, b = numbered(5, vary), numbered(5, vary, turned=True)
    positions = [(epoch, index) for epoch in range(20) for index in range(5)]
    pairs = DomainImages(a, b, 20, 3, paired=True)
    assert pairs.paired and len(pairs) == 5
    batch = pairs.batch(positions)
    assert (batch.a.int() - (255 - batch.b).int()).abs().max() <= (0 if least_share == 1 else 1)
    assert batch.a[:, 2, 0, 0].tolist() == [index for _, index in positions]
    apart = DomainImages(a, numbered(5, other, turned=True), 20, 3).batch(positions)
    flips = [(half[:, 1, 0, 0] > half[:, 1, 0, -1]).float() for half in (apart.a, 255 - apart.b)]
    corners = [half[:, 0, 0, 0].float() for half in (apart.a, 255 - apart.b)]
    for drawn_a, drawn_b in (flips, corners):
        assert abs(np.corrcoef(drawn_a, drawn_b)[0, 1]) < 0.25 and drawn_a.std() > 0.3


def test_scale_covers_the_promised_shares_and_places():
    size, stored, least = 35, 64, 0.3
    ramp = torch.from_numpy(coordinates(1, stored)[0])
    variation = Variation(DomainAugmentSettings(scale=least, flip=0.0), size, 9, 5)
    assert variation.stored == stored
    crops = [variation.vary(ramp, epoch, 4) for epoch in range(600)]
    assert all(crop.shape == (3, size, size) and crop.dtype == torch.uint8 for crop in crops)
    # A ramp of 4 levels a pixel stays one of 4 * side / size; its ends lie half a new pixel inside the crop.
    first, last = (np.array([int(crop[0, place, 0]) for crop in crops]) / 4 for place in (1, -2))
    steps = (last - first) / (size - 3)
    sides, tops = steps * size, first + 0.5 - 1.5 * steps
    shares = (sides / stored) ** 2
    assert shares.min() == pytest.approx(least, abs=0.03) and shares.max() == pytest.approx(1, abs=0.03)
    assert np.mean(shares) == pytest.approx((1 + least) / 2, abs=0.03) and np.std(shares) == pytest.approx(
        (1 - least) / 12**0.5, abs=0.03
    )
    room = tops / (stored - sides + 1e-9)
    inside = shares < 0.8
    assert (
        room[inside].min() < 0.03 and room[inside].max() > 0.97 and room[inside].mean() == pytest.approx(0.5, abs=0.05)
    )


def test_resizing_is_pillows_antialiased_bilinear():
    noise = np.random.default_rng(0).integers(0, 256, (3, 70, 70), np.uint8)
    for side, size in ((64, 24), (50, 49), (30, 32)):
        crop = noise[:, 3 : 3 + side, 2 : 2 + side]
        expected = Image.fromarray(crop.transpose(1, 2, 0).copy()).resize((size, size), Image.Resampling.BILINEAR)
        got = resized(torch.from_numpy(noise)[:, 3 : 3 + side, 2 : 2 + side], size).permute(1, 2, 0).int()
        assert (got - torch.from_numpy(np.array(expected)).int()).abs().max() <= 1
