"""Scores of pairs: definitions, the 8-bit rule, batches, and what is left out when."""

import json
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from limner.data.batch import to_range
from limner.errors import DataError
from limner.metrics.pairs import MOST_PSNR, PairScores, score_each, score_pairs
from limner.metrics.spectrum import spectrum_distance


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limner.metrics.pairs.lpips_if_there", lambda: None)


def levels(count: int, size: int = 32, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), generator=draw, dtype=torch.uint8)


def test_closed_forms_in_the_range_0_to_1() -> None:
    real = torch.full((2, 3, 16, 16), 51, dtype=torch.uint8)
    generated = real.clone()
    generated[0] += 102
    generated[1] += 51
    scores = score_pairs(generated, real)
    assert scores["l1"] == pytest.approx((0.4 + 0.2) / 2)
    assert scores["l2"] == pytest.approx((0.16 + 0.04) / 2)
    per_image = [10 * math.log10(1 / 0.16), 10 * math.log10(1 / 0.04)]
    assert scores["psnr"] == pytest.approx(sum(per_image) / 2)
    assert scores["psnr"] != pytest.approx(10 * math.log10(1 / 0.1)), "not the PSNR of the mean"


def test_identical_images() -> None:
    scores = score_pairs(levels(2, 161), levels(2, 161))
    assert scores["l1"] == scores["l2"] == scores["spectrum_distance"] == 0
    assert scores["psnr"] == MOST_PSNR
    assert scores["ssim"] == pytest.approx(1)
    assert scores["ms_ssim"] == pytest.approx(1)


def test_scores_can_be_written_as_json() -> None:
    flat = torch.zeros(1, 3, 16, 16)
    for generated, real in ((flat, flat), (flat, to_range(levels(1, 16)))):
        json.dumps(score_pairs(generated, real), allow_nan=False)


def test_floats_are_scored_as_an_8_bit_file_holds_them() -> None:
    real, stored = levels(3), levels(3, seed=1)
    almost = (to_range(stored) + 0.4 / 127.5).where(stored < 255, torch.tensor(1.7))
    assert score_pairs(almost, real) == score_pairs(stored, real)
    assert score_pairs(almost, to_range(real)) == score_pairs(stored, real)
    assert score_each(almost, real) == score_each(stored, real)


def test_half_precision_is_taken() -> None:
    real, stored = levels(2), levels(2, seed=1)
    assert score_pairs(to_range(stored).bfloat16(), real)["l1"] == pytest.approx(
        score_pairs(stored, real)["l1"], rel=0.01
    )


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_batches_add_up_to_the_whole(cut: int) -> None:
    real, generated = levels(7, 176), levels(7, 176, seed=1)
    scores = PairScores()
    for start in range(0, 7, cut):
        scores.add(generated[start : start + cut], real[start : start + cut])
    whole = score_pairs(generated, real)
    assert scores.means() == pytest.approx(whole, rel=1e-5)
    assert whole["spectrum_distance"] == pytest.approx(spectrum_distance(generated, real), rel=1e-5)


def test_each_image_has_its_own_scores_in_order() -> None:
    real = levels(5, 300)
    generated = real.clone()
    for row in range(5):
        generated[row] = (real[row].float() * (1 - row / 6)).round().to(torch.uint8)
    rows = score_each(generated, real)
    assert [row["l1"] for row in rows] == sorted(row["l1"] for row in rows)
    assert [row["ssim"] for row in rows] == sorted((row["ssim"] for row in rows), reverse=True)
    means = score_pairs(generated, real)
    for name in ("l1", "ssim"):
        assert sum(row[name] for row in rows) / 5 == pytest.approx(means[name], rel=1e-6)


def test_a_blur_wins_by_ssim_and_loses_by_spectrum() -> None:
    """Why SSIM alone is never the verdict: of two wrong pictures it prefers the blurred one."""
    real, sharp = levels(4, 64), levels(4, 64, seed=1)
    blurred = avg_pool2d(sharp.float(), 7, 1, 3).round().to(torch.uint8)
    blur, crisp = score_pairs(blurred, real), score_pairs(sharp, real)
    assert blur["ssim"] > crisp["ssim"]
    assert blur["l1"] < crisp["l1"]
    assert blur["spectrum_distance"] > 10 * crisp["spectrum_distance"]


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (4, {"l1", "l2", "psnr"}),
        (8, {"l1", "l2", "psnr", "spectrum_distance"}),
        (11, {"l1", "l2", "psnr", "spectrum_distance", "ssim"}),
        (160, {"l1", "l2", "psnr", "spectrum_distance", "ssim"}),
        (161, {"l1", "l2", "psnr", "spectrum_distance", "ssim", "ms_ssim"}),
    ],
)
def test_what_a_image_is_too_small_for_is_left_out(size: int, names: set[str]) -> None:
    scores = score_pairs(levels(1, size), levels(1, size, seed=1))
    assert scores.keys() == names
    assert all(math.isfinite(value) for value in scores.values())
    assert score_each(levels(1, size), levels(1, size))[0].keys() == names & {"l1", "ssim"}


def test_nothing_seen_gives_nothing() -> None:
    assert PairScores().means() == {}


@pytest.mark.parametrize(
    ("generated", "real", "said"),
    [
        (levels(2), levels(3), "2 x 3 x 32 x 32"),
        (levels(2), levels(2, 16), "16 x 16"),
        (levels(2)[:, :1], levels(2)[:, :1], "RGB"),
        (levels(2)[:0], levels(2)[:0], "0 x 3"),
    ],
)
def test_sets_that_do_not_fit_are_refused(generated: Tensor, real: Tensor, said: str) -> None:
    for score in (score_pairs, score_each):
        with pytest.raises(DataError) as caught:
            score(generated, real)
        assert said in str(caught.value)


def test_a_change_of_size_is_refused() -> None:
    scores = PairScores()
    scores.add(levels(1), levels(1))
    with pytest.raises(DataError, match="another size"):
        scores.add(levels(1, 16), levels(1, 16))
