"""Reports of generators, with classes and without: what they make, and no word of inputs and targets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fake_generator import CLASSES, FakeGenerator, draw_disc
from fake_run import FakeRun, save
from test_domain_page import address, images_of, text_of
from test_report_page import Tags

from limner.cli.report import report
from limner.report.compare_page import write_comparison
from limner.report.comparison import compare_runs
from limner.report.page import write_report
from limner.report.sample_rows import MOST_MOVING, moving_rows
from limner.runs.folder import RunFolder
from limner.runs.reading import read_run
from limner.runs.samples import Column, SampleGroup, SampleIndex, SampleRow, read_index, write_index


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeGenerator(collapsed=True).write(folder / "classes")
    FakeGenerator(seed=1).write(folder / "other")
    FakeGenerator(classes=(), rows=8).write(folder / "noise")
    return folder


def test_says_what_was_trained_on_what(runs: Path) -> None:
    classes, noise = text_of(runs / "classes"), text_of(runs / "noise")
    made = "A DCGAN generator of 3.5 M parameters learnt to generate pictures"
    assert f"{made} of 10 classes from 60,000 pictures of “clothes” at 32 px, batch 1, 2,000 steps" in classes
    assert f"{made} from 60,000 pictures of “clothes”" in noise
    for text in (classes, noise):
        caveats = text.partition("What this page does not say")[2]
        assert "whether a generator repeats its training pictures" in caveats and "noise." in caveats
        assert not re.search(r"(?i)\b(input|target|translat\w*|there and back|copies|blurred)\b", text)


def test_each_class_has_a_column(runs: Path) -> None:
    images = images_of(runs / "classes")
    for name in CLASSES:
        file = runs / f"classes/samples/step-002000/noise-01-{name}.png"
        assert images[f"{name}: noise 2"] == address(file)
    page = write_report(runs / "classes").path.read_text()
    assert re.findall(r"<figcaption>([^<]*)</figcaption>", page)[: len(CLASSES)] == list(CLASSES)
    assert "Made at step 2,000, from the same random numbers at every step." in page


def test_pictures_without_a_class_stand_side_by_side(runs: Path) -> None:
    page = write_report(runs / "noise").path.read_text()
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert captions == 2 * [f"noise {number}" for number in range(1, 9)]
    frames = json.loads(re.search(r'id="frames">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert [len(shown) for shown in frames["shown"]] == [8, 8, 8]
    slots = [attributes["data-slot"] for _, attributes in Tags(page).found if "data-slot" in attributes]
    assert slots == [str(number) for number in range(8)]


def test_real_images_stand_beneath_the_generated_ones(tmp_path: Path) -> None:
    path = FakeGenerator().write(tmp_path / "run")
    assert "Validation images" not in text_of(path)
    run = RunFolder(path)
    index = read_index(run)
    assert index is not None
    images = {f"boot{number}": f"real/boot{number}.png" for number in (1, 2)}
    for number, file in enumerate(images.values()):
        save(run, file, draw_disc(32, number, 5))
    rows = [SampleRow(name=name, title=name, images={"real": file}) for name, file in images.items()]
    columns = [Column(key="real", title="")]
    real = SampleGroup(key="real-val", title="Validation images", split="val", columns=columns, rows=rows)
    write_index(run, SampleIndex(groups=[*index.groups, real]))
    page = write_report(path).path.read_text()
    newest = page.partition("<h3>Validation images</h3>")
    assert "Where it stands" in newest[0] and "Key numbers" not in newest[0]
    assert re.findall(r"<figcaption>([^<]*)</figcaption>", newest[2])[:2] == list(images)
    assert images_of(path)["boot2"] == address(path / "samples/real/boot2.png")


def test_many_classes_do_not_fill_the_page(tmp_path: Path) -> None:
    run = FakeGenerator(classes=tuple(f"c{number}" for number in range(30)), rows=3, frames=1).write(tmp_path / "run")
    assert len(moving_rows(read_run(run))) == 1
    run = FakeGenerator(classes=tuple(f"c{number}" for number in range(60)), rows=2, frames=1).write(tmp_path / "more")
    (row,) = moving_rows(read_run(run))
    assert len(row.moving) == 60 > MOST_MOVING


def test_a_finding_of_any_detector_is_said_first(runs: Path) -> None:
    first = write_report(runs / "classes").path.read_text().partition("<main")[0]
    assert '<div class="state" role="note">\n<p>9 of 10 pictures look alike. Since step 1,000.</p>' in first
    assert "<li>lower the rate</li>" in first


def test_what_nobody_declared_is_shown_by_its_name(runs: Path) -> None:
    text = text_of(runs / "noise")
    for title in (
        "My own number",
        "Critic · Penalty of mine",
        "Generator · Adversarial",
        "Critic · Adversarial",
        "FID",
    ):
        assert title in text
    assert text.index("FID") < text.index("My own number")


def test_commands_are_those_of_a_generator(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs / "noise"
    assert f"limner train --resume {run} training.steps=4000" in text_of(run)
    assert f"limner report {run}" in text_of(run)
    report("noise", runs=runs)
    assert "translate" not in capsys.readouterr().err


def test_rows_are_matched_by_name(runs: Path, tmp_path: Path) -> None:
    comparison = compare_runs([runs / "classes", runs / "other"])
    assert comparison.same_inputs and comparison.warnings == []
    assert [[one.row.name for one in row.samples if one] for row in comparison.rows] == [
        [f"noise-{number:02d}"] * 2 for number in range(3)
    ]
    page = write_comparison(comparison, tmp_path / "page.html").path.read_text()
    tags = Tags(page)
    assert tags.open == []
    images = {attributes["alt"]: attributes["src"] for tag, attributes in tags.found if tag == "img"}
    file = runs / "other/samples/step-002000/noise-02-boot.png"
    assert {images["other: boot: noise 3"]} == address(file)
    assert not re.search(r"(?i)\b(input|target)", tags.text)


def test_pictures_without_a_class_stand_side_by_side_for_each_run(runs: Path, tmp_path: Path) -> None:
    other = FakeGenerator(classes=(), rows=8, seed=1).write(tmp_path / "other")
    page = write_comparison(compare_runs([runs / "noise", other]), tmp_path / "page.html").path.read_text()
    first, _, second = page.partition('<div class="stack">')[2].partition('<div class="stack">')
    captions = [f"Noise {number}" for number in range(1, 9)]
    for part in (first, second):
        assert re.findall(r"<figcaption>([^<]*)</figcaption>", part.partition("</section>")[0]) == captions
    assert "noise: noise 3" in first and "other: noise 3" in second


def test_a_generator_beside_a_translator(runs: Path, tmp_path: Path) -> None:
    pairs = FakeRun(samples=1, frames=1).write(tmp_path / "pairs")
    comparison = compare_runs([pairs, runs / "noise"])
    assert all(row.samples.count(None) == 1 for row in comparison.rows)
    assert Tags(write_comparison(comparison, tmp_path / "page.html").path.read_text()).open == []
