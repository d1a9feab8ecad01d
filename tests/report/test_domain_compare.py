"""Translators between two domains side by side: by picture and direction, and without stars for copies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from fake_domains import FakeDomainRun
from fake_run import FakeRun
from test_domain_page import address
from test_report_page import Tags

from limner.report.compare_page import write_comparison
from limner.report.comparison import Comparison, compare_runs, comparison_document


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeDomainRun(size=32, frames=2).write(folder / "cyclegan")
    FakeDomainRun(size=32, frames=2, seed=1, steps=1000).write(folder / "other")
    FakeDomainRun(size=32, frames=2, method="cut").write(folder / "cut")
    FakeDomainRun(size=32, frames=2, method="cut", swapped=True).write(folder / "swapped")
    FakeRun(samples=1, frames=1).write(folder / "pix2pix")
    return folder


def page_of(comparison: Comparison, path: Path) -> Tags:
    tags = Tags(write_comparison(comparison, path / "page.html").path.read_text())
    assert tags.open == []
    tags.text = " ".join(tags.text.split())
    return tags


def places(comparison: Comparison) -> list[tuple[str, list[tuple[str, int] | None]]]:
    return [
        (row.direction, [(one.group.direction, int(one.row.name)) if one else None for one in row.samples])
        for row in comparison.rows
    ]


@pytest.mark.parametrize("order", [["cyclegan", "cut"], ["cut", "cyclegan"]])
def test_one_direction_meets_its_like(runs: Path, order: list[str]) -> None:
    comparison = compare_runs([runs / name for name in order])
    ends = {"cyclegan": "AtoB", "cut": ""}
    assert places(comparison) == [("AtoB", [(ends[name], index) for name in order]) for index in (0, 1, 0, 1)]
    assert comparison.rows[0].label == "validation 1, A → B"
    assert any("Not every run translates B → A, so those pictures" in warning for warning in comparison.warnings)
    assert not any("partly different" in warning or "same validation" in warning for warning in comparison.warnings)
    metrics = {row["name"]: row["values"] for row in comparison_document(comparison)["metrics"]}
    assert None not in metrics["val/AtoB/change"].values()
    assert metrics["val/BtoA/change"]["cut"] is None and metrics["val/BtoA/change"]["cyclegan"] is not None
    assert "val/change" not in metrics
    assert list(metrics)[:2] == ["val/AtoB/spectrum_distance", "val/AtoB/change_share"]


def test_the_image_tells_the_direction_not_the_letter(runs: Path) -> None:
    comparison = compare_runs([runs / "cyclegan", runs / "swapped"])
    assert places(comparison)[0] == ("BtoA", [("BtoA", 0), ("", 0)])
    metrics = {row["name"]: row["values"] for row in comparison_document(comparison)["metrics"]}
    assert metrics["val/BtoA/change"]["swapped"] is not None
    assert metrics["val/AtoB/change"]["swapped"] is None


def test_without_a_common_image_the_recipe_tells_it(runs: Path, tmp_path: Path) -> None:
    cut = FakeDomainRun(size=48, samples=1, frames=1, method="cut").write(tmp_path / "cut")
    recipe = yaml.safe_load((cut / "recipe.yaml").read_text())
    recipe["data"]["direction"] = "BtoA"
    (cut / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    comparison = compare_runs([runs / "cyclegan", cut])
    assert any("No input picture is followed by all" in warning for warning in comparison.warnings)
    assert any("same validation pictures" in warning for warning in comparison.warnings), "the sizes differ"
    assert {"val/BtoA/change"} == {
        row.tag for row in comparison.newest if row.values[1] and row.tag.endswith("/change")
    }


def test_directions_stay_apart_even_with_the_same_input(runs: Path, tmp_path: Path) -> None:
    both = []
    for name in ("cyclegan", "other"):
        run = Path(shutil.copytree(runs / name, tmp_path / name))
        shutil.copy(run / "samples/input/val-AtoB-00.png", run / "samples/input/val-BtoA-00.png")
        both.append(run)
    comparison = compare_runs(both)
    assert comparison.same_inputs
    assert places(comparison)[0] == ("AtoB", [("AtoB", 0)] * 2)
    assert places(comparison)[2] == ("BtoA", [("BtoA", 0)] * 2)


def test_round_trips_stand_beside_their_outputs(runs: Path, tmp_path: Path) -> None:
    tags = page_of(compare_runs([runs / "cyclegan", runs / "cut"]), tmp_path)
    images = {attributes["alt"]: attributes["src"] for tag, attributes in tags.found if tag == "img"}
    last = runs / "cyclegan/samples/step-002000"
    for alt, path in {
        "Input: validation 2, A → B": runs / "cyclegan/samples/input/val-AtoB-01.png",
        "cyclegan: Output · B: validation 2, A → B": last / "val-AtoB-01.png",
        "cyclegan: There and back · A: validation 2, A → B": last / "val-AtoB-01-back.png",
        "cut: Output: validation 2, A → B": runs / "cut/samples/step-002000/val-01.png",
    }.items():
        assert {images[alt]} == address(path), alt
    named = [attributes.get("alt") or attributes.get("aria-label") or "" for _, attributes in tags.found]
    assert not any("cut: There and back" in name or "Target" in name for name in named)
    assert "Target" not in tags.text
    assert "nothing here measures whether the right thing was drawn" in tags.text


def test_a_copy_wins_no_star(runs: Path) -> None:
    comparison = compare_runs([runs / "cyclegan", runs / "other"])
    common = {row["name"]: row for row in comparison_document(comparison)["metrics_at_common_step"]}
    for name in ("val/AtoB/round_trip", "val/generators/cycle_a", "val/generators/identity_b"):
        assert len(set(common[name]["values"].values())) == 2
        assert (common[name]["better"], common[name]["best"]) == ("lower", None)
    assert common["val/AtoB/spectrum_distance"]["best"] == "other"


def test_losses_that_one_run_has_alone_stay_out_of_the_table(runs: Path, tmp_path: Path) -> None:
    tags = page_of(compare_runs([runs / "cyclegan", runs / "cut"]), tmp_path)
    rows = tags.text.partition("At the newest validation of each run")[2].partition("The same inputs")[0]
    assert "Relative change, B → A" in rows
    assert "Cycle term" not in rows
    assert "Cycle term, A → B → A, validation" in tags.text, "its curve is there"
    assert "Cycle term, A → B → A" in page_of(compare_runs([runs / "cyclegan", runs / "other"]), tmp_path).text


def test_one_way_runs_need_no_arrow(runs: Path) -> None:
    comparison = compare_runs([runs / "cut", runs / "swapped"])
    assert {row.direction for row in comparison.rows} == {""}
    assert any(row.tag == "val/change" for row in comparison.newest)


def test_pairs_beside_domains(runs: Path, tmp_path: Path) -> None:
    comparison = compare_runs([runs / "pix2pix", runs / "cyclegan"])
    assert any("so no best is marked: Spectrum distance." in one for one in comparison.warnings)
    assert next(row for row in comparison.newest if row.tag == "val/AtoB/spectrum_distance").best is None
    assert page_of(comparison, tmp_path).text.count("Target")
    alone = compare_runs([runs / "cut", runs / "cyclegan"]).warnings
    assert not any("so no best is marked" in one for one in alone)
