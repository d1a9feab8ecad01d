"""Runs side by side: exactly the differing settings, rows by content, honest warnings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from fake_run import FakeRun
from test_report_page import Tags

from limner.cli.compare import compare
from limner.cli.report import report
from limner.errors import RunError
from limner.report.compare_page import write_comparison
from limner.report.comparison import compare_runs, comparison_document
from limner.report.settings import differing


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeRun(samples=2, frames=2).write(folder / "a")
    FakeRun(samples=2, frames=2, l1=10.0, seed=1, steps=1000).write(folder / "b")
    FakeRun(samples=2, frames=2, first_image=1).write(folder / "shifted")
    FakeRun(samples=2, frames=2, first_image=2).write(folder / "apart")
    FakeRun(samples=2, frames=2).write(folder / "twin")
    return folder


def test_lists_exactly_the_differing_settings(runs: Path) -> None:
    document = comparison_document(compare_runs([runs / "a", runs / "b"]))
    assert document["differing_settings"] == [
        {"key": "training.steps", "values": {"a": 2000, "b": 1000}},
        {"key": "loss.l1", "values": {"a": 100.0, "b": 10.0}},
    ]
    assert compare_runs([runs / "a", runs / "twin"]).differences == []


def test_nested_settings_that_one_run_lacks() -> None:
    rows = differing(
        [
            {"about": {"title": "x"}, "data": {"derive": None, "size": 64}, "seed": True},
            {"about": {"title": "y"}, "data": {"derive": {"kind": "edges"}, "size": 64}, "seed": True},
        ]
    )
    assert [(row.key, row.values[1]) for row in rows] == [("data.derive.kind", "edges")]


def test_metrics_and_the_last_common_step(runs: Path) -> None:
    document = comparison_document(compare_runs([runs / "a", runs / "b"]))
    newest = {row["name"]: row for row in document["metrics"]}
    assert newest["val/ssim"]["steps"] == {"a": 2000, "b": 1000}
    assert newest["val/ssim"]["better"] == "higher"
    common = {row["name"]: row for row in document["metrics_at_common_step"]}
    assert document["common_step"] == 1000
    assert common["val/l1"]["steps"] == {"a": 1000, "b": 1000}
    assert common["val/l1"]["best"] == "b"
    assert common["val/ssim"]["best"] == "b"
    assert common["val/generator/adversarial"]["best"] is None
    assert list(newest)[:3] == ["val/l1", "val/spectrum_distance", "val/ssim"]
    json.dumps(document, allow_nan=False)


def test_rows_are_matched_by_content(runs: Path) -> None:
    shifted = compare_runs([runs / "a", runs / "shifted"])
    assert not shifted.same_inputs
    places = [[int(sample.row.name) if sample else None for sample in row.samples] for row in shifted.rows]
    assert places == [[1, 0], [1, 0]]
    assert any("4 pictures not followed by every run are left out" in warning for warning in shifted.warnings)
    assert compare_runs([runs / "a", runs / "twin"]).same_inputs
    apart = compare_runs([runs / "a", runs / "apart"])
    assert any("No input picture is followed by all" in warning for warning in apart.warnings)
    assert all(row.samples.count(None) == 1 for row in apart.rows)


def test_warns_of_incomparable_losses(runs: Path) -> None:
    assert any("not comparable" in warning for warning in compare_runs([runs / "a", runs / "b"]).warnings)
    assert compare_runs([runs / "a", runs / "twin"]).warnings == []


def test_warns_when_validation_images_differ(runs: Path, tmp_path: Path) -> None:
    other = FakeRun(samples=2, frames=2).write(tmp_path / "other")
    data = json.loads((other / "data.json").read_text())
    data["names"]["validation"].pop()
    (other / "data.json").write_text(json.dumps(data))
    assert any("not judged on the same" in warning for warning in compare_runs([runs / "a", other]).warnings)


def test_the_page_is_whole_and_self_contained(runs: Path, tmp_path: Path) -> None:
    written = write_comparison(compare_runs([runs / "a", runs / "b", runs / "apart"]), tmp_path / "page.html")
    page = written.path.read_text()
    tags = Tags(page)
    assert tags.open == []
    assert not re.search(r"(?i)https?://|url\(|@import|<link|<iframe", page)
    sources = [attributes["src"] or "" for _, attributes in tags.found if "src" in attributes]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    for text in ("loss.l1", "training.steps", "Spectrum distance", "At step 1,000", "not comparable"):
        assert text in tags.text
    assert "data.size" not in tags.text


def test_runs_of_equal_names_are_told_apart(runs: Path, tmp_path: Path) -> None:
    other = FakeRun(samples=1, frames=1).write(tmp_path / "other" / "a")
    labels = compare_runs([runs / "a", other]).labels
    assert labels[1] == "other/a"
    assert labels[0] != labels[1]


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    first = FakeRun(samples=1, frames=1).write(tmp_path / evil)
    second = FakeRun(samples=1, frames=1).write(tmp_path / "b")
    recipe = yaml.safe_load((second / "recipe.yaml").read_text())
    recipe[evil] = evil
    (second / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    page = write_comparison(compare_runs([first, second]), tmp_path / "page.html").path.read_text()
    assert "<img src=x" not in page


def test_damaged_runs_still_compare(runs: Path, tmp_path: Path) -> None:
    broken = FakeRun(samples=1, frames=1).write(tmp_path / "broken")
    (broken / "metrics.jsonl").write_text("nonsense\n")
    (broken / "recipe.yaml").write_text("{")
    (broken / "samples/input/val-00.png").write_bytes(b"\x89PNG")
    written = write_comparison(compare_runs([runs / "a", broken]), tmp_path / "page.html")
    assert any(note.startswith("broken: recipe.yaml is damaged") for note in written.notes)


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "b", "a"]])
def test_needs_two_different_runs(runs: Path, names: list[str]) -> None:
    with pytest.raises(RunError, match="two different runs"):
        compare_runs([runs / name for name in names])


def test_a_missing_run_ends_in_a_tip(runs: Path) -> None:
    for call in (lambda: report("facadez", runs=runs), lambda: compare(["a", "twim"], runs=runs)):
        with pytest.raises(RunError) as caught:
            call()
        assert caught.value.tip
    assert "twin" in str(caught.value.tip)


def test_json_alone_on_standard_output(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(["a", "b"], out=tmp_path / "page.html", json=True, runs=runs)
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["schema"] == 1
    assert [run["name"] for run in document["runs"]] == ["a", "b"]
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_report_prints_its_path(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report("a", runs=runs)
    captured = capsys.readouterr()
    assert captured.out.strip() == str(runs / "a" / "report.html")
    assert "limner translate" in captured.err
