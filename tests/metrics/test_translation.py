"""Numbers of a translation between domains, on pictures whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from limner.data.splits import References
from limner.metrics import Outputs, available, score
from limner.metrics.spectrum import spectrum_distance
from limner.metrics.translation import CHANGE, distance_apart, is_copying, recoloured_share


def flat(level: int, count: int = 3) -> Tensor:
    return torch.full((count, 3, 16, 16), level, dtype=torch.uint8)


def noise(seed: int, count: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 16, 16), generator=generator, dtype=torch.uint8)


def score_domain_translation(
    inputs: Tensor, outputs: Tensor, images: Tensor, targets: Tensor | None, returned: Tensor | None
) -> dict[str, float]:
    references = References([], images, inputs, targets, domains=True)
    paired = {"l1", "l2", "psnr", "ssim"}
    metrics = [each for each in available(references, returned is not None) if each.name not in paired]
    return score(Outputs(outputs, returned), references, metrics)


def test_by_hand() -> None:
    scores = score_domain_translation(flat(100), flat(151), flat(202), flat(192), flat(110))
    assert scores["change"] == pytest.approx(51 / 255)
    assert scores["change_share"] == pytest.approx(51 / 102)
    assert scores["round_trip"] == pytest.approx(10 / 255)
    assert scores["against_copy"] == pytest.approx(41 / 92)


def test_a_copy_is_told_from_a_translation() -> None:
    a, b = noise(0), noise(1)
    assert is_copying(score_domain_translation(a, a, b, None, None), adversary=True)
    assert not is_copying(score_domain_translation(a, b, b, None, None), adversary=False)
    assert score_domain_translation(a, a, b, b, None)["against_copy"] == 1
    assert score_domain_translation(a, b, b, b, None)["against_copy"] == 0


def test_a_negative_and_other_colours_are_copies_too() -> None:
    a, b = noise(0), noise(1)
    assert is_copying(score_domain_translation(a, 255 - a, b, None, None), adversary=False)
    swapped = (a.flip(1) // 2 + 90).to(torch.uint8)
    assert recoloured_share(a, swapped) > 0.99
    assert is_copying(score_domain_translation(a, swapped, b, None, None), adversary=False)
    assert not is_copying(score_domain_translation(a, swapped, b, None, None), adversary=True)


def test_a_blur_is_held_against_the_round_trip_s_own_blur() -> None:
    a, b = noise(0, 4), noise(1, 4)
    blurred = torch.nn.functional.avg_pool2d(a.float(), 3, 1, 1).round().to(torch.uint8)
    share = recoloured_share(a, blurred)
    assert share < 0.5
    assert not is_copying(score_domain_translation(a, blurred, b, None, None), adversary=False)
    assert is_copying(score_domain_translation(a, blurred, b, None, blurred), adversary=False)


def test_the_recoloured_share_against_least_squares() -> None:
    a, b = noise(3, 2), noise(4, 2)
    expected = []
    for before, after in zip(a.numpy(), b.numpy(), strict=True):
        known = np.c_[before.reshape(3, -1).T / 255, np.ones(256)]
        made = after.reshape(3, -1).T / 255
        fit = known @ np.linalg.lstsq(known, made, rcond=None)[0]
        expected.append(1 - ((made - fit) ** 2).mean() / made.var(0).mean())
    assert recoloured_share(a, b) == pytest.approx(np.mean(expected), abs=1e-3)


def test_a_plain_field_copies_nothing() -> None:
    assert recoloured_share(noise(0), flat(90)) == pytest.approx(0, abs=1e-5)
    assert recoloured_share(flat(3), noise(0)) < 0.01


def test_grey_images_are_measured_too() -> None:
    a, b = noise(0), noise(1)
    grey = score_domain_translation(a[:, :1], b[:, :1], b[:, :1], a[:, 1:2], a[:, :1])
    images = [images.expand(-1, 3, -1, -1) for images in (a[:, :1], b[:, :1], b[:, :1], a[:, 1:2], a[:, :1])]
    assert grey == pytest.approx(score_domain_translation(*images), rel=1e-3)


def test_single_images_are_ranked_by_their_change() -> None:
    a = flat(100)
    made = torch.cat([flat(100, 1), flat(151, 1), flat(110, 1)])
    assert CHANGE.each(Outputs(made), References([], a, a, domains=True)) == pytest.approx([0, 51 / 255, 10 / 255])


def test_what_is_not_known_is_left_out() -> None:
    scores = score_domain_translation(noise(0), noise(1), noise(2), None, None)
    assert scores.keys() == {"change", "change_share", "copied", "spectrum_distance"}


def test_the_spectrum_is_held_against_the_other_domain() -> None:
    scores = score_domain_translation(noise(0), noise(1), flat(7), None, None)
    assert scores["spectrum_distance"] == pytest.approx(spectrum_distance(noise(1) / 255, flat(7) / 255), rel=1e-6)


def test_domains_of_different_count_are_held_against_each_other_in_turn() -> None:
    b = torch.cat([flat(0, 1), flat(255, 1)])
    assert distance_apart(flat(0, 3), b) == pytest.approx(1 / 3)
    assert distance_apart(flat(9), flat(9)) == 0


def test_the_same_images_in_both_domains_divide_by_nothing() -> None:
    same = flat(9)
    assert score_domain_translation(same, same, same, same, same)["change_share"] == 0
