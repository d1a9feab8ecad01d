"""Metrics of pairs: definitions, chunks, single images, and what is left out when."""

import json
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from limner.data.batch import to_bytes, to_range
from limner.data.splits import References
from limner.metrics import METRICS, Outputs, available, score
from limner.metrics.pairs import L1, MOST_PSNR, SSIM
from limner.metrics.spectrum import spectrum_distance


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = str(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("LIMNER_WEIGHTS", empty)
    monkeypatch.setenv("TORCH_HOME", empty)


def pairs(real: Tensor) -> References:
    return References([str(row) for row in range(len(real))], real, inputs=real, targets=real)


def score_pairs(generated: Tensor, real: Tensor) -> dict[str, float]:
    return score(Outputs(generated), pairs(real), available(pairs(real)))


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
    flat = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    for generated, real in ((flat, flat), (flat, levels(1, 16))):
        json.dumps(score_pairs(generated, real), allow_nan=False)


def test_floats_are_scored_as_an_8_bit_file_holds_them() -> None:
    real, stored = levels(3), levels(3, seed=1)
    almost = (to_range(stored) + 0.4 / 127.5).where(stored < 255, torch.tensor(1.7))
    assert score_pairs(to_bytes(almost), real) == score_pairs(stored, real)
    half = score_pairs(to_bytes(to_range(stored).bfloat16()), real)
    assert half["l1"] == pytest.approx(score_pairs(stored, real)["l1"], rel=0.01)


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_chunks_add_up_to_the_whole(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, generated = levels(7, 176), levels(7, 176, seed=1)
    whole = score_pairs(generated, real)
    monkeypatch.setattr("limner.metrics.metric._CHUNK", rows * 176 * 176)
    assert score_pairs(generated, real) == pytest.approx(whole, rel=1e-5)
    assert whole["spectrum_distance"] == pytest.approx(spectrum_distance(generated, real), rel=1e-5)


def test_each_image_has_its_own_scores_in_order() -> None:
    real = levels(5, 300)
    generated = real.clone()
    for row in range(5):
        generated[row] = (real[row].float() * (1 - row / 6)).round().to(torch.uint8)
    differences, likenesses = (metric.each(Outputs(generated), pairs(real)) for metric in (L1, SSIM))
    assert differences is not None and differences == sorted(differences)
    assert likenesses is not None and likenesses == sorted(likenesses, reverse=True)
    means = score_pairs(generated, real)
    for metric in METRICS:
        if metric.name in means and metric.name != "spectrum_distance":
            rows = metric.each(Outputs(generated), pairs(real))
            assert rows is not None and len(rows) == 5
            assert sum(rows) / 5 == pytest.approx(means[metric.name], rel=1e-6)


@pytest.mark.parametrize("channels", [1, 4])
def test_images_may_have_any_number_of_channels(channels: int) -> None:
    real, generated = levels(2, 176), levels(2, 176, seed=1)
    colour = score_pairs(generated[:, :1].expand(-1, 3, -1, -1), real[:, :1].expand(-1, 3, -1, -1))
    found = score_pairs(generated[:, :1].expand(-1, channels, -1, -1), real[:, :1].expand(-1, channels, -1, -1))
    assert found == pytest.approx(colour, rel=1e-5), "grey says the same however often it is repeated"


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
