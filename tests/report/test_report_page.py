"""The report of one run: whole, self-contained, small, safe, and honest about what it lacks."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from fake_run import FakeRun, append_events, append_metrics
from PIL import Image

from limner.errors import RunError
from limner.report.page import write_report
from limner.report.series import all_series
from limner.runs.logs import Event, Finding, HealthLog, MetricsRow
from limner.runs.reading import read_run


class Tags(HTMLParser):
    """Every tag with its attributes, the text outside scripts and styles, and whether tags close in order."""

    VOID = ("meta", "img", "input", "path", "br", "link")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FakeRun().write(tmp_path_factory.mktemp("runs") / "facades")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return write_report(run).path.read_text(encoding="utf-8")


def test_loads_nothing_from_outside(page: str) -> None:
    tags = Tags(page)
    for tag, attributes in tags.found:
        for name in ("src", "href", "action", "poster", "srcset", "data"):
            value = attributes.get(name)
            if value and (tag, name) != ("a", "href"):
                assert value.startswith("data:image/"), (tag, name, value[:80])
            elif value:
                assert value.startswith("#"), value
    assert tags.open == []
    assert not re.search(r"(?i)https?://|url\(|@import|<link|<iframe", page)
    assert "default-src 'none'" in page


def test_has_every_metric_and_every_setting(run: Path, page: str) -> None:
    text = Tags(page).text
    logged = all_series(read_run(run).metrics)
    assert len(logged) > 15
    for tag in logged:
        assert tag in text, tag
    for key in ("loss.l1", "data.augment.enlarge", "training.optimiser.lr", "0.9999977"):
        assert key in text
    assert "lower is better" in text
    assert "Spectrum distance" in text


def test_says_what_was_trained_on_what(page: str) -> None:
    assert (
        "A U-Net of 2.72 M parameters learnt A → B from 400 pairs of “facades” at 64 px, batch 1, 2,000 steps in "
        "9 min 20 s on AMD EPYC 9B14 (2 threads)." in page
    )
    assert "cut off after 1,024 bytes" in page
    assert "resumed" in page
    assert "2 validation pictures are also in training" in page
    assert "The validation set has 40 pictures" in page
    assert "t399" not in page
    assert "pip install limner==0.1.0 torch==2.11.0 torchvision==0.26.0" in page


def test_shows_ranks_and_time_lapse(page: str) -> None:
    tags = Tags(page)
    text = tags.text
    assert text.index("Best, median and worst") < text.index("Median") < text.index("How it got there")
    assert text.count("facade 0") == 3
    frames = json.loads(re.search(r'id="frames">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert len(frames["captions"]) == 5
    assert frames["captions"][-1] == "step 2,000 · epoch 5 · 9 min 20 s"
    assert len(frames["shown"][0]) == 6
    assert len(set(frames["pool"])) == len(frames["pool"]) == 30
    # Without script the last frame stands there.
    slots = [attributes for _, attributes in tags.found if "data-slot" in attributes]
    assert [slot["src"] for slot in slots] == [frames["pool"][place] for place in frames["shown"][-1]]
    assert all(attributes.get("alt") for tag, attributes in tags.found if tag == "img")


def test_headings_descend_one_by_one(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Tags(page).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_without_a_declaration_the_page_still_says_what_it_can(tmp_path: Path) -> None:
    run = FakeRun(samples=1, frames=2).write(tmp_path / "run")
    (run / "run.json").write_text("{")
    written = write_report(run)
    text = Tags(written.path.read_text()).text
    assert any("run.json is damaged" in note for note in written.notes)
    assert "A model learnt A → B from 400 pairs" in text
    for title in ("Ssim", "Spectrum distance", "Generator · L1", "Discriminator · Feedback real", "Facade", "Median"):
        assert title.lower() in text.lower()


def test_escapes_hostile_names(tmp_path: Path) -> None:
    evil = '</script><img src=x onerror="alert(1)">'
    run = FakeRun(samples=1, frames=2).write(tmp_path / "<b>bold & 'quoted'")
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["about"]["title"] = evil
    recipe["data"]["path"] = f"/x/{evil}"
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    (run / "data.json").write_text(
        json.dumps({"counts": {"train": 3}, "unreadable": [{"file": evil, "reason": evil}], evil: evil})
    )
    (run / "environment.json").write_text(json.dumps({"command": evil, evil: evil, "torch": evil}))
    append_events(run, Event(1, evil, evil, evil))
    append_metrics(run, MetricsRow(2010, 5, 600, {f"train/{evil}": 1.0, evil: 2, f"val/{evil}/{evil}": 3}))
    with HealthLog(run / "health.jsonl") as health:
        health.write(Finding(5, evil, "severe", evil, (evil,), evil))
    for name in ("run.json", "samples/index.json", "samples/validation.json"):
        # Every text that is free to say anything says this.
        texts = r'("(?:title|sentence|label|ranked_by)": )"[^"]*"'
        (run / name).write_text(re.sub(texts, lambda found: found[1] + json.dumps(evil), (run / name).read_text()))
    page = write_report(run).path.read_text()
    assert "onerror=" in page
    assert "<img src=x" not in page
    assert "<b>bold" not in page
    tags = Tags(page)
    assert tags.open == []
    assert not any("onerror" in attributes for _, attributes in tags.found)


@pytest.mark.parametrize("name", ["index.json", "validation.json"])
@pytest.mark.parametrize("outside", ["../../secret.png", "ABSOLUTE", "step-{step}/../../../secret.png"])
def test_an_image_outside_the_run_is_never_shown(tmp_path: Path, name: str, outside: str) -> None:
    run = FakeRun(samples=1, frames=1).write(tmp_path / "run")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "secret.png")
    document = json.loads((run / "samples" / name).read_text())
    for group in document["groups"]:
        group["rows"][0]["images"]["output"] = outside.replace("ABSOLUTE", str(tmp_path / "secret.png"))
    (run / "samples" / name).write_text(json.dumps(document))
    written = write_report(run)
    assert any(f"{name} is damaged" in note and "below samples/" in note for note in written.notes)


def test_a_link_out_of_the_run_is_never_followed(tmp_path: Path) -> None:
    run = FakeRun(samples=1, frames=1).write(tmp_path / "run")
    Image.new("RGB", (8, 8), "#ff0042").save(tmp_path / "secret.png")
    before = write_report(run).path.read_text()
    for file in (run / "samples/input/val-00.png", run / "samples/validation/best-0-output.png"):
        file.unlink()
        file.symlink_to(tmp_path / "secret.png")
    written = write_report(run)
    assert written.notes == ["validation.json names 1 picture that is not there; left out."]
    assert written.path.read_text().count(": not there") > before.count(": not there")


@pytest.mark.parametrize(
    "missing",
    [
        *("environment.json", "data.json", "run.json", "metrics.jsonl", "events.jsonl", "health.jsonl"),
        *("samples", "samples/index.json", "samples/validation.json"),
    ],
)
def test_survives_what_is_missing(tmp_path: Path, missing: str) -> None:
    run = FakeRun(samples=1, frames=1).write(tmp_path / "run")
    target = run / missing
    target.rename(tmp_path / "gone")
    written = write_report(run)
    assert "<h1>run</h1>" in written.path.read_text()
    expected = dict.fromkeys(("events.jsonl", "health.jsonl", "samples/validation.json"), "")
    expected |= {"samples": "no sample pictures", "samples/index.json": "no sample pictures"}
    if wanted := expected.get(missing, missing):
        assert any(wanted in note for note in written.notes)
    else:
        assert written.notes == []


@pytest.mark.parametrize(
    "name",
    [
        *("recipe.yaml", "environment.json", "data.json", "run.json", "metrics.jsonl", "events.jsonl", "health.jsonl"),
        *("samples/index.json", "samples/validation.json"),
    ],
)
@pytest.mark.parametrize("damage", ["cut", "binary", "list", "newer"])
def test_names_a_damaged_file(tmp_path: Path, name: str, damage: str) -> None:
    run = FakeRun(samples=1, frames=1, steps=400).write(tmp_path / "run")
    with HealthLog(run / "health.jsonl") as health:
        health.write(Finding(5, "x", "severe", "something"))
    whole = (run / name).read_bytes()
    lines = name.endswith("jsonl")
    (run / name).write_bytes(
        {
            "cut": b"{: [" if name.endswith("yaml") else whole[: len(whole) // 2 - 7],
            "binary": b"\xff\x00\xfe{{\n" * 30,
            "list": b"[1, 2]\n",
            "newer": b'{"schema": 2, "step": 3}\n',
        }[damage]
    )
    written = write_report(run)
    if damage == "cut" and lines:
        # A last line without its end is being written at this moment: nothing to complain of.
        assert not any("damaged" in note for note in written.notes)
    else:
        assert any(Path(name).name in note for note in written.notes), written.notes
    page = written.path.read_text()
    assert Tags(page).open == []


def test_columns_are_those_that_the_run_declares(tmp_path: Path) -> None:
    """As an enhancer of photographs has them: what a phone took, what was made of it, what a better camera took."""
    run = FakeRun(samples=2, frames=2).write(tmp_path / "run")
    for name in ("index.json", "validation.json"):
        document = (run / "samples" / name).read_text()
        (run / "samples" / name).write_text(document.replace('"Target"', '"DSLR"').replace('"Input"', '"Phone"'))
    page = write_report(run).path.read_text()
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert captions == ["Phone", "Output", "DSLR"] * (len(captions) // 3)
    assert "DSLR: validation 2" in page and "Target" not in page


def test_leaves_out_damaged_images(tmp_path: Path) -> None:
    run = FakeRun(samples=2, frames=2).write(tmp_path / "run")
    for path in (run / "samples/step-002000").glob("*.png"):
        path.write_bytes(path.read_bytes()[:60])
    written = write_report(run)
    assert any("4 pictures cannot be read" in note for note in written.notes)
    assert "at step 1,000" in written.path.read_text()


def test_a_run_that_just_began(tmp_path: Path) -> None:
    whole = FakeRun(samples=1, frames=1).write(tmp_path / "whole")
    run = tmp_path / "young"
    run.mkdir()
    (run / "recipe.yaml").write_bytes((whole / "recipe.yaml").read_bytes())
    page = write_report(run).path.read_text()
    assert "it has just begun" in page
    assert "limner train --resume" in page


def test_numbers_that_are_none_are_said_first(tmp_path: Path) -> None:
    run = FakeRun(samples=1, frames=1).write(tmp_path / "run")
    append_metrics(run, MetricsRow(2020, 5, 600, {"train/generator/l1": math.nan, "val/l1": math.inf}))
    append_metrics(run, MetricsRow(2040, 5, 600, {"train/generator/l1": math.nan}))
    page = write_report(run).path.read_text()
    assert "Training broke down: train/generator/l1, val/l1 are no longer a number." in page
    assert "NaN" not in page.replace("isNaN", "")


def test_shrinks_to_its_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = FakeRun(size=192, samples=1, frames=6).write(tmp_path / "run")
    first = write_report(run).bytes
    budget = first * 2 // 3
    monkeypatch.setattr("limner.report.render.BUDGET", budget)
    written = write_report(run)
    assert written.bytes < budget and written.notes == []


def test_says_when_nothing_keeps_it_in_its_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = FakeRun(samples=1, frames=1, steps=100).write(tmp_path / "run")
    append_events(run, Event(1, "note", "long " * 400_000))
    monkeypatch.setattr("limner.report.render.BUDGET", 1_000_000)
    written = write_report(run)
    assert written.bytes == written.path.stat().st_size > 2_000_000
    (note,) = written.notes
    assert f"has {written.bytes / 1e6:.1f} MB, over the 1 MB that" in note


def test_refuses_what_cannot_be_written(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        write_report(run, tmp_path / "no-such-folder" / "page.html")
    assert caught.value.tip


def test_needs_no_torch(run: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from limner.report.page import write_report;"
        "import limner.cli.report, limner.cli.compare, limner.report.compare_page, limner.runs.folder;"
        f"write_report(Path({str(run)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
