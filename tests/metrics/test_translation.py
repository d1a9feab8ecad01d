"""Numbers of a translation between domains, on pictures whose answers are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from limner.metrics.spectrum import spectrum_distance
from limner.metrics.translation import distance_apart, is_copying, score_domain_translation


def flat(level: int, count: int = 3) -> Tensor:
    return torch.full((count, 3, 16, 16), level, dtype=torch.uint8)


def noise(seed: int, count: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 16, 16), generator=generator, dtype=torch.uint8)


def test_by_hand() -> None:
    scores = score_domain_translation(flat(100), flat(151), flat(202), flat(192), flat(110))
    assert scores["change"] == pytest.approx(51 / 255)
    assert scores["change_share"] == pytest.approx(51 / 102)
    assert scores["round_trip"] == pytest.approx(10 / 255)
    assert scores["against_copy"] == pytest.approx(41 / 92)


def test_a_copy_is_told_from_a_translation() -> None:
    a, b = noise(0), noise(1)
    assert is_copying(score_domain_translation(a, a, b, None, None)["change_share"])
    assert not is_copying(score_domain_translation(a, b, b, None, None)["change_share"])
    assert score_domain_translation(a, a, b, b, None)["against_copy"] == 1
    assert score_domain_translation(a, b, b, b, None)["against_copy"] == 0


def test_what_is_not_known_is_left_out() -> None:
    scores = score_domain_translation(noise(0), noise(1), noise(2), None, None)
    assert scores.keys() == {"change", "change_share", "spectrum_distance"}


def test_the_spectrum_is_held_against_the_other_domain() -> None:
    scores = score_domain_translation(noise(0), noise(1), flat(7), None, None)
    assert scores["spectrum_distance"] == spectrum_distance(noise(1), flat(7))


def test_domains_of_different_count_are_held_against_each_other_in_turn() -> None:
    b = torch.cat([flat(0, 1), flat(255, 1)])
    assert distance_apart(flat(0, 3), b) == pytest.approx(1 / 3)
    assert distance_apart(flat(9), flat(9)) == 0


def test_the_same_pictures_in_both_domains_divide_by_nothing() -> None:
    same = flat(9)
    assert score_domain_translation(same, same, same, same, same)["change_share"] == 0
