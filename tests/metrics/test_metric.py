"""Metrics declare themselves: what they need decides which there are, and what does not fit is refused in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from limner.data.splits import References
from limner.errors import DataError
from limner.metrics import METRICS, Metric, Outputs, available, score
from limner.metrics.pairs import L1, PSNR, SSIM
from limner.metrics.spectrum import SPECTRUM_DISTANCE
from limner.metrics.translation import CHANGE, COPIED_SHARE, ROUND_TRIP

PAIRED = {"l1", "l2", "psnr", "ssim", "ms_ssim"}
DOMAINS = {"change", "change_share", "copied", "spectrum_distance"}


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limner.metrics.lpips.locate", lambda name: None)


def images(count: int = 2, size: int = 176, seed: int = 0, channels: int = 3) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, size, size), generator=draw, dtype=torch.uint8)


def names(metrics: list[Metric]) -> set[str]:
    return {metric.name for metric in metrics}


def test_every_metric_says_what_it_is() -> None:
    assert len({metric.name for metric in METRICS}) == len({metric.title for metric in METRICS}) == len(METRICS) == 12
    for metric in METRICS:
        assert metric.needs and metric.sentence.endswith(".")
        assert (metric.whole is None) != (metric.rows is None) or metric is CHANGE


def test_what_is_known_decides() -> None:
    real, inputs = images(), images(seed=1)
    assert names(available(References([], real))) == {"spectrum_distance"}
    assert names(available(References([], real, inputs, real))) == PAIRED | {"spectrum_distance"}
    assert names(available(References([], real, inputs, domains=True))) == DOMAINS
    whole = References([], real, inputs, real, domains=True)
    assert names(available(whole)) == PAIRED | DOMAINS | {"against_copy"}
    assert names(available(whole, round_trips=True)) == PAIRED | DOMAINS | {"against_copy", "round_trip"}


def test_they_stand_in_the_order_of_a_page() -> None:
    real = images()
    found = available(References([], real, real, real, domains=True), round_trips=True)
    assert [metric.name for metric in found] == [metric.name for metric in METRICS if metric.name != "lpips"]


def test_nothing_is_computed_to_know_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise AssertionError("computed")

    fakes = tuple(replace(metric, whole=refuse, rows=refuse) for metric in METRICS)
    monkeypatch.setattr("limner.metrics.METRICS", fakes)
    assert available(References([], images(), images(), images(), domains=True), round_trips=True)


def test_work_that_metrics_share_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(module: str, name: str) -> None:
        real = getattr(__import__(module, fromlist=[name]), name)
        monkeypatch.setattr(f"{module}.{name}", lambda *given: calls.append(name) or real(*given))

    counted("limner.metrics.pairs", "ssim_and_ms_ssim")
    counted("limner.metrics.pairs", "absolute_and_squared")
    outputs, references = Outputs(images(1)), References([], images(1, seed=1), targets=images(1, seed=1))
    first = score(outputs, references, available(references))
    assert sorted(calls) == ["absolute_and_squared", "ssim_and_ms_ssim"]
    assert SSIM.each(outputs, references) == pytest.approx([first["ssim"]])
    assert len(calls) == 2
    other = References([], images(1, seed=2), targets=images(1, seed=2))
    assert score(outputs, other, [PSNR])["psnr"] != first["psnr"], "other references are other numbers"


def test_the_numbers_of_single_images_are_computed_once() -> None:
    calls = []

    def rows(outputs: Outputs, references: References) -> Tensor:
        calls.append(1)
        return torch.tensor([1.0, 4.0])

    metric = Metric("mine", "Mine", "A number.", frozenset({"images"}), rows=rows)
    outputs, references = Outputs(images(2)), References([], images(2))
    assert score(outputs, references, [metric]) == {"mine": 2.5}
    assert metric.each(outputs, references) == [1, 4] and len(calls) == 1
    assert SPECTRUM_DISTANCE.each(outputs, references) is None


def test_a_set_may_be_held_against_one_of_another_count() -> None:
    assert score(Outputs(images(2)), References([], images(5, seed=1)), [SPECTRUM_DISTANCE])["spectrum_distance"] > 0


@pytest.mark.parametrize(
    ("made", "references", "metric", "said"),
    [
        (images(2), References([], images(3), targets=images(3)), L1, "2 x 3 x 176 x 176, the targets 3 x 3"),
        (images(2), References([], images(2, 16), targets=images(2, 16)), L1, "16 x 16"),
        (images(2), References([], images(2, channels=1)), SPECTRUM_DISTANCE, "2 x 1 x 176"),
        (images(2), References([], images(2)[:0]), SPECTRUM_DISTANCE, "0 x 3"),
        (images(2)[:0], References([], images(2)), SPECTRUM_DISTANCE, "0 x 3"),
        (images(2).float(), References([], images(2)), SPECTRUM_DISTANCE, "torch.float32"),
        (images(2)[0], References([], images(2)), SPECTRUM_DISTANCE, "(N, C, H, W)"),
        (images(2, 10), References([], images(2), targets=images(2, 10)), SSIM, "'ssim' needs images of 11 pixels"),
        (images(2), References([], images(2)), L1, "'l1' needs targets"),
        (images(2), References([], images(2), images(2)), ROUND_TRIP, "'round_trip' needs round trips"),
        (images(2), References([], images(2), images(3), domains=True), COPIED_SHARE, "the inputs 3 x 3"),
    ],
)
def test_what_does_not_fit_is_refused(made: Tensor, references: References, metric: Metric, said: str) -> None:
    with pytest.raises(DataError) as caught:
        score(Outputs(made), references, [metric])
    assert said in caught.value.message and caught.value.tip
