"""Charts: what is drawn is what was logged."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fake_run import DECLARATION

from limner.report import words
from limner.report.chart import Line, draw
from limner.report.curves import run_curves
from limner.report.glossary import Glossary
from limner.report.series import Series, smooth, thin
from limner.report.time_lapse import choose_steps


def line(values: list[float], tag: str = "train/l1") -> Line:
    return Line(Series(tag, np.arange(1.0, len(values) + 1), np.array(values)), "training", 1)


def points(path: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"[ML](-?\d+) (-?\d+)", path)]


def test_the_line_goes_where_the_values_go() -> None:
    chart = draw("a", "", [line([1.0, 2.0, 3.0, 2.0])], 4, bounds=(1.0, 3.0))
    assert points(chart.paths[0].smooth) == [(250, 1000), (500, 500), (750, 0), (1000, 500)]
    assert not chart.logarithmic


def test_wide_values_get_a_logarithmic_scale() -> None:
    chart = draw("a", "", [line([10.0**-power for power in range(5)])], 5)
    heights = [y for _, y in points(chart.paths[0].smooth)]
    assert chart.logarithmic
    assert np.ptp(np.diff(heights)) <= 2
    assert not draw("a", "", [line([-1.0, 1.0, 1000.0])], 3).logarithmic


def test_a_gap_breaks_the_line() -> None:
    chart = draw("a", "", [line([1.0, 2.0, float("nan"), 2.0, float("inf"), 1.0])], 6)
    assert chart.paths[0].smooth.count("M") == 3
    assert "nan" not in chart.paths[0].smooth
    assert [value is None for value in chart.points[0]["values"]] == [False, False, True, False, True, False]


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [0.0, 0.0], [float("nan")], [1e300, -1e300], [1e-300, 1e300]])
def test_strange_values_still_draw(values: list[float]) -> None:
    chart = draw("a", "", [line(values)], len(values))
    assert all(-3000 <= y <= 4000 for _, y in points(chart.paths[0].smooth))
    assert all(0 <= tick.place <= 100 for tick in (*chart.across, *chart.up))


def test_thinning_keeps_peaks() -> None:
    values = np.zeros(100_000)
    values[77_777], values[33_333] = 9.0, -9.0
    steps, kept = thin(np.arange(100_000.0), values)
    assert len(steps) <= 500
    assert kept.max() == 9
    assert kept.min() == -9
    assert steps[kept.argmax()] == 77_777


def test_smoothing_keeps_a_constant_and_lowers_noise() -> None:
    assert smooth(np.full(200, 3.0)) == pytest.approx(3.0)
    noise = np.random.default_rng(0).normal(0, 1, 600)
    assert smooth(noise).std() < 0.5
    noise[100] = np.nan
    assert np.flatnonzero(np.isnan(smooth(noise))).tolist() == [100]


def test_every_series_is_in_exactly_one_chart() -> None:
    tags = [
        *("train/generator/l1", "val/generator/l1", "train/discriminator/real", "train/discriminator/fake"),
        *("train/discriminator/feedback_real", "val/discriminator/feedback_fake", "val/ssim", "train/ssim"),
        *("train/lr/generator", "train/lr/discriminator", "train/data_wait", "train/my/own/thing", "odd"),
    ]
    curves = run_curves({tag: line([1.0, 2.0], tag).series for tag in tags}, Glossary(DECLARATION), 2)
    drawn = [path for charts in (curves.metrics, curves.losses, curves.trainer) for one in charts for path in one.paths]
    assert len(drawn) == len(tags)
    assert sum(path.dashed for path in drawn) == 3
    feedback = next(one for one in curves.losses if "opinion" in one.title)
    assert feedback.reference == 50
    assert [path.label for path in feedback.paths] == ["real, training", "generated, validation"]


def test_steps_of_a_time_lapse() -> None:
    chosen = choose_steps(range(0, 10_000, 10), 40)
    assert len(chosen) <= 40
    assert (chosen[0], chosen[-1]) == (0, 9990)
    assert chosen[5] - chosen[4] < chosen[-1] - chosen[-2]
    assert choose_steps([1, 2, 3], 40) == [1, 2, 3]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2, "4.2 s"), (42, "42 s"), (310, "5 min 10 s"), (3600, "1 h"), (22_320, "6 h 12 min"), (273_600, "3 d 4 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.1758, "0.176"), (21.43, "21.4"), (12_300, "12,300"), (2e-5, "2.00e-05"), (0, "0")]
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text


def test_a_constant_is_drawn_flat_in_the_middle() -> None:
    """A moving average differs from it in the last bits, which are no range to show."""
    chart = draw("rate", "", [line([0.1] * 100)], 100)
    assert {y for _, y in points(chart.paths[0].smooth)} == {500}
