"""Numbers of a translator between two domains: directions and domains meet in one chart and one tile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_domains import FakeDomainRun

from limner.report.chart import Chart
from limner.report.curves import Tile, key_tiles, run_curves
from limner.report.glossary import Glossary
from limner.report.series import Series, all_series, read_tag
from limner.runs.declaration import TermDeclaration
from limner.runs.reading import read_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeDomainRun(size=32, known=True, samples=1, frames=1).write(folder / "known")
    FakeDomainRun(size=32, method="cut", samples=1, frames=1).write(folder / "cut")
    return folder


def charts_of(run: Path) -> dict[str, Chart]:
    files = read_run(run)
    curves = run_curves(all_series(files.metrics), Glossary(files.declaration), files.step)
    charts = [*curves.metrics, *curves.losses, *curves.trainer]
    assert len({chart.title for chart in charts}) == len(charts)
    return {chart.title: chart for chart in charts}


def tiles_of(run: Path) -> list[Tile]:
    files = read_run(run)
    return key_tiles(all_series(files.metrics), Glossary(files.declaration))


def lines_of(chart: Chart) -> list[tuple[str, int, bool]]:
    return [(path.label, path.colour, path.dashed) for path in chart.paths]


def test_tiles_hold_both_directions(runs: Path) -> None:
    tiles = {tile.meaning.title: tile for tile in tiles_of(runs / "known")}
    assert list(tiles)[:2] == ["Against a copy", "L1"]
    readings = tiles["Round trip"].readings
    assert [reading.way for reading in readings] == ["A → B", "B → A"]
    assert readings[1].value - readings[0].value == pytest.approx(0.01)
    assert readings[0].best == (pytest.approx(readings[0].value), 2000)
    assert tiles["Relative change"].readings[0].best is None
    assert "Detail of a domain." in tiles["Spectrum distance"].meaning.text
    alone = tiles_of(runs / "cut")
    assert [[reading.way for reading in tile.readings] for tile in alone] == [[""]] * 4


def test_directions_share_a_chart(runs: Path) -> None:
    charts = charts_of(runs / "known")
    both = [("A → B, training", 1, False), ("A → B, validation", 1, True)]
    both += [("B → A, training", 2, False), ("B → A, validation", 2, True)]
    for title in ("SSIM", "Round trip", "Against a copy"):
        assert lines_of(charts[title]) == both
    # Declared in the other order: what D_A sees came from B.
    assert lines_of(charts["Adversarial term"]) == both
    assert charts["Adversarial term"].points[0]["values"][-1] > 0.4
    cycle = ["A → B → A, training", "A → B → A, validation", "B → A → B, training", "B → A → B, validation"]
    assert [path.label for path in charts["Cycle term"].paths] == cycle
    assert [path.label for path in charts["Loss on real pictures"].paths][::2] == [
        "A, training",
        "B, training",
    ]


def test_one_discriminators_opinions_share_a_chart(runs: Path) -> None:
    charts = charts_of(runs / "known")
    assert not any("pinion of real" in title for title in charts)
    for domain in ("A", "B"):
        chart = charts[f"The opinion of the discriminator of {domain}"]
        assert lines_of(chart) == [
            ("real, training", 1, False),
            ("real, validation", 1, True),
            ("generated, training", 2, False),
            ("generated, validation", 2, True),
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
    chart = run_curves({tag: series}, Glossary(FakeDomainRun().declaration()), 2).metrics[0]
    assert chart.reference is not None and 0 < chart.reference < 100
    assert (chart.reference < 50) == (value > 0.6)


def test_every_tag_is_explained(runs: Path) -> None:
    for name in ("known", "cut"):
        files = read_run(runs / name)
        glossary = Glossary(files.declaration)
        for tag in files.tags:
            explained = glossary.meaning(tag)
            assert len(explained.text) > 15, tag
            assert "_" not in explained.title, tag
    assert glossary.title("val/AtoB/ssim") == "SSIM, A → B"
    assert glossary.meaning("AtoB/ssim").better == "higher"


def test_a_number_that_nobody_declared_is_called_by_its_name() -> None:
    glossary = Glossary(None)
    titles = {tag: glossary.title(tag) for tag in ("val/my_score", "val/BtoA/my_score", "train/critic/my_term_a", "x")}
    assert list(titles.values()) == ["My score", "My score, B → A", "Critic · My term a", "X"]
    assert [glossary.is_metric(tag) for tag in titles] == [True, True, False, False]
    assert glossary.meaning("train/critic/total").title == "Critic · Total"


def test_losses_that_use_a_title_for_the_same_label_get_charts_of_their_own() -> None:
    """Opinions of one discriminator that two losses log share a chart, two totals do not."""
    terms = [("a/x", "T", ""), ("b/x", "T", ""), ("a/y", "U", "real"), ("b/y", "U", "generated")]
    declaration = (
        FakeDomainRun()
        .declaration()
        .model_copy(
            update={"terms": [TermDeclaration(tag=tag, title=title, label=label) for tag, title, label in terms]}
        )
    )
    series = {f"train/{tag}": Series(f"train/{tag}", np.array([1.0]), np.array([2.0])) for tag, _, _ in terms}
    charts = run_curves(series, Glossary(declaration), 1).losses
    assert [(chart.title, len(chart.paths)) for chart in charts] == [("A · T", 1), ("B · T", 1), ("U", 2)]


@pytest.mark.parametrize(
    ("tag", "name", "way"),
    [
        ("val/AtoB/ssim", "ssim", "A → B"),
        ("BtoA/ms_ssim", "ms_ssim", "B → A"),
        ("train/generators/cycle_b", "generators/cycle_b", ""),
        ("train/lr/discriminator_a", "lr/discriminator_a", ""),
        ("val/ms_ssim", "ms_ssim", ""),
        ("train", "train", ""),
        ("train/AtoB", "AtoB", ""),
    ],
)
def test_tags_come_apart(tag: str, name: str, way: str) -> None:
    assert (read_tag(tag).name, read_tag(tag).way) == (name, way)
