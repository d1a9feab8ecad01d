"""Pictures that look alike are found with bounded work: few pairs for each view, the likeliest candidates first."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from limner.data import duplicates
from limner.data.duplicates import near_pairs
from limner.data.scan import ScannedImage


def seen(number, look, thumbnail):
    return ScannedImage(Path(f"/pictures/{number}.png"), 32, 32, str(number), look, thumbnail.astype(np.float32))


def noise(seed):
    return np.random.default_rng(seed).uniform(0, 255, (16, 16))


def names(pairs):
    return [(int(a.file.stem), int(b.file.stem)) for a, b in pairs]


@pytest.fixture
def matched(monkeypatch):
    """The pairs of files whose details were asked for; only the last digit of a name decides whether they match."""
    asked = []
    monkeypatch.setattr(duplicates, "_details", lambda file: int(file.stem))
    monkeypatch.setattr(duplicates, "_matching_points", lambda a, b: asked.append((a, b)) or 100 * (a % 10 == b % 10))
    return asked


def test_files_of_one_view_hang_together_by_as_few_pairs_as_possible():
    views = [noise(0), noise(1)]
    images = [seen(number, number % 2 * 0xFFFF0000, views[number % 2] * 0.8 + number) for number in range(8)]
    pairs, complete = near_pairs(images)
    assert names(pairs) == [(0, 2), (0, 4), (0, 6), (1, 3), (1, 5), (1, 7)] and complete


def test_many_equal_hashes_take_bounded_memory():
    images = [seen(number, 5, noise(number)) for number in range(3000)]
    images.append(seen(3000, 5, noise(0)))
    tracemalloc.start()
    try:
        pairs, complete = near_pairs(images)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert names(pairs) == [(0, 3000)] and not complete
    assert peak < 80e6


def test_the_closest_hashes_are_compared_first(monkeypatch):
    """Of 2016 pairs only 7 may be compared: the 6 of equal hashes come last in the folder, and one of two bits."""
    monkeypatch.setattr(duplicates, "CANDIDATES", 7)
    monkeypatch.setattr(duplicates, "_AT_ONCE", 640)
    looks = [(1 << number) | (1 << number + 1) | (1 << number + 2) for number in range(60)] + [1 << 63] * 4
    images = [seen(number, look, noise(number if number < 60 else 60)) for number, look in enumerate(looks)]
    pairs, complete = near_pairs(images)
    assert names(pairs) == [(60, 61), (60, 62), (60, 63)] and not complete
    monkeypatch.setattr(duplicates, "CANDIDATES", 2015)
    assert names(near_pairs(images)[0]) == names(pairs) and not near_pairs(images)[1]
    monkeypatch.setattr(duplicates, "CANDIDATES", 2016)
    assert names(near_pairs(images)[0]) == names(pairs) and near_pairs(images)[1]


def test_details_are_matched_only_where_they_may_tell_something_new(matched, monkeypatch):
    images = [seen(number, 5, noise(0) + 0.4 * noise(number + 1)) for number in (0, 1, 10, 20)]
    pairs, complete = near_pairs(images)
    assert names(pairs) == [(0, 10), (0, 20)] and complete
    assert matched == [(0, 1), (0, 10), (0, 20), (1, 10), (1, 20)]
    monkeypatch.setattr(duplicates, "LOOKED_AT_CLOSELY", 5)
    assert near_pairs(images) == (pairs, True)
    monkeypatch.setattr(duplicates, "LOOKED_AT_CLOSELY", 2)
    assert names(near_pairs(images)[0]) == [(0, 10)] and not near_pairs(images)[1]


def test_plain_images_agree_when_they_are_equally_bright():
    plain = [seen(number, 0, np.full((16, 16), level)) for number, level in enumerate((10, 10.4, 200))]
    assert names(near_pairs(plain)[0]) == [(0, 1)]
    textured = near_pairs([plain[0], seen(5, 0, noise(5))])
    assert textured == ([], True)
    assert near_pairs(plain[:1]) == near_pairs([]) == ([], True)
