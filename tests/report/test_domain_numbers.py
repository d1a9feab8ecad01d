"""Numbers of a translator between two domains: directions and domains meet in one chart and one tile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_domains import FakeDomainRun

from limner.metrics import translation
from limner.report.chart import Chart
from limner.report.curves import run_curves
from limner.report.glossary import CHANGED, COPIED, meaning
from limner.report.key_numbers import key_tiles
from limner.report.reading import read_run
from limner.report.series import Series, all_series
from limner.report.tags import read_tag


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeDomainRun(size=32, known=True, samples=1, frames=1).write(folder / "known")
    FakeDomainRun(size=32, method="cut", samples=1, frames=1).write(folder / "cut")
    return folder


def charts_of(run: Path) -> dict[str, Chart]:
    files = read_run(run)
    curves = run_curves(all_series(files.metrics), files.step, between_domains=True)
    charts = [*curves.metrics, *curves.losses, *curves.trainer]
    assert len({chart.title for chart in charts}) == len(charts)
    return {chart.title: chart for chart in charts}


def lines_of(chart: Chart) -> list[tuple[str, int, bool]]:
    return [(path.label, path.colour, path.dashed) for path in chart.paths]


def test_tiles_hold_both_directions(runs: Path) -> None:
    tiles = {tile.meaning.title: tile for tile in key_tiles(all_series(read_run(runs / "known").metrics), True)}
    assert list(tiles)[:2] == ["Against a copy", "L1"]
    readings = tiles["Round trip"].readings
    assert [reading.way for reading in readings] == ["A → B", "B → A"]
    assert readings[1].value - readings[0].value == pytest.approx(0.01)
    assert readings[0].best == (pytest.approx(readings[0].value), 2000)
    assert tiles["Relative change"].readings[0].best is None
    assert "target domain" in tiles["Spectrum distance"].meaning.text
    alone = key_tiles(all_series(read_run(runs / "cut").metrics), True)
    assert [[reading.way for reading in tile.readings] for tile in alone] == [[""]] * 4


def test_directions_share_a_chart(runs: Path) -> None:
    charts = charts_of(runs / "known")
    both = [("A → B, training", 1, False), ("A → B, validation", 1, True)]
    both += [("B → A, training", 2, False), ("B → A, validation", 2, True)]
    for title in ("SSIM", "Round trip", "Against a copy"):
        assert lines_of(charts[title]) == both
    # What fools D_B was made by the generator from A to B.
    assert lines_of(charts["Generators · Adversarial term"]) == both
    assert charts["Generators · Adversarial term"].points[0]["values"][-1] > 0.4
    cycle = ["A → B → A, training", "A → B → A, validation", "B → A → B, training", "B → A → B, validation"]
    assert [path.label for path in charts["Generators · Cycle term"].paths] == cycle
    assert [path.label for path in charts["Discriminators · Loss on real pictures"].paths][::2] == [
        "A, training",
        "B, training",
    ]


def test_one_discriminators_opinions_share_a_chart(runs: Path) -> None:
    charts = charts_of(runs / "known")
    assert not any("pinion of real" in title for title in charts)
    for domain in ("A", "B"):
        chart = charts[f"The opinion of the discriminator of {domain}"]
        assert lines_of(chart) == [
            ("real, training", 3, False),
            ("real, validation", 3, True),
            ("generated, training", 4, False),
            ("generated, validation", 4, True),
        ]
        assert chart.reference == 50
        assert [tick.label for tick in chart.up][:: len(chart.up) - 1] == ["0", "1"]
    assert charts_of(runs / "cut")["The discriminator's opinion"].reference == 50


def test_every_series_is_in_exactly_one_chart(runs: Path) -> None:
    for name in ("known", "cut"):
        charts = charts_of(runs / name)
        assert sum(len(chart.paths) for chart in charts.values()) == len(all_series(read_run(runs / name).metrics))


@pytest.mark.parametrize(
    ("tag", "value"), [("val/AtoB/change_share", 0.2), ("val/AtoB/copied", 0.9), ("val/AtoB/against_copy", 1.0)]
)
def test_values_that_mean_something_are_marked_inside_the_chart(tag: str, value: float) -> None:
    series = Series(tag, np.array([1.0, 2.0]), np.array([0.5, 0.6]))
    chart = run_curves({tag: series}, 2).metrics[0]
    assert chart.reference is not None and 0 < chart.reference < 100
    assert (chart.reference < 50) == (value > 0.6)


def test_every_tag_is_explained(runs: Path) -> None:
    tags = {tag for name in ("known", "cut") for tag in all_series(read_run(runs / name).metrics)}
    tags |= {"train/generators/paired_a", "train/generators/paired_b"}
    for tag in tags:
        explained = meaning(tag.partition("/")[2], between_domains=True)
        assert len(explained.text) > 25, tag
        assert "_" not in explained.title, tag
    assert meaning("AtoB/ssim").title == "SSIM, A → B"
    assert meaning("AtoB/ssim").better == "higher"
    assert "true pictures" in meaning("spectrum_distance").text


def test_the_trainer_calls_the_same_a_copy() -> None:
    assert (CHANGED, COPIED) == (translation.CHANGED, translation.COPIED)


@pytest.mark.parametrize(
    ("tag", "name", "way"),
    [
        ("val/AtoB/ssim", "ssim", "A → B"),
        ("BtoA/ms_ssim", "ms_ssim", "B → A"),
        ("train/generators/cycle_b", "generators/cycle", "B → A → B"),
        ("train/generators/adversarial_a", "generators/adversarial", "B → A"),
        ("train/discriminators/feedback_real_b", "discriminators/feedback_real", "B"),
        ("train/lr/discriminator_a", "lr/discriminator_a", ""),
        ("val/ms_ssim", "ms_ssim", ""),
        ("train", "train", ""),
        ("train/AtoB", "AtoB", ""),
    ],
)
def test_tags_come_apart(tag: str, name: str, way: str) -> None:
    assert (read_tag(tag).name, read_tag(tag).way) == (name, way)
