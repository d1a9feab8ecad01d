"""The report of a translator between two domains: both directions, no pretended truth, and copies called copies."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from fake_domains import FakeDomainRun
from test_report_page import Tags

from limner.report.caveats import alerts
from limner.report.images import LEVELS, Album
from limner.report.page import write_report
from limner.report.sample_rows import moving_rows
from limner.runs.folder import RunFolder
from limner.runs.logs import Finding
from limner.runs.reading import RunFiles, read_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    FakeDomainRun(size=32, copies=True).write(folder / "cyclegan")
    FakeDomainRun(size=32, known=True).write(folder / "known")
    FakeDomainRun(size=32, method="cut").write(folder / "cut")
    return folder


def text_of(run: Path) -> str:
    return " ".join(Tags(write_report(run).path.read_text(encoding="utf-8")).text.split())


def images_of(run: Path) -> dict[str, set[str]]:
    """Addresses of the pictures of a run's page by what they are said to be."""
    found: dict[str, set[str]] = {}
    for tag, attributes in Tags(write_report(run).path.read_text(encoding="utf-8")).found:
        if tag == "img":
            found.setdefault(attributes["alt"] or "", set()).add(attributes["src"] or "")
    return found


def address(path: Path) -> set[str]:
    image = Album(LEVELS[0]).embed(path)
    assert image
    return {image.address}


def test_says_what_was_trained_on_what(runs: Path) -> None:
    assert (
        "A ResNet of 11.4 M parameters in each direction learnt A ⇄ B from 500 pictures of A (“day”) and 480 of B "
        "(“night”) at 32 px, batch 1, 2,000 steps in 13 min 20 s on AMD EPYC 9B14 (2 threads)."
        in text_of(runs / "cyclegan")
    )
    one_way = "A ResNet of 11.4 M parameters learnt A → B from 500 pictures of A (“day”) and 480 of B"
    assert one_way in text_of(runs / "cut")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"path_b": None}, "A → B from 500 pictures of A and 480 of B in “day” at 32 px"),
        ({"path_b": None, "paired": True}, "480 of B in “day”, taken in pairs, at 32 px"),
        # data.json counts what is translated as A, whatever the folders are called.
        ({"direction": "BtoA"}, "B → A from 480 pictures of A (“day”) and 500 of B (“night”)"),
        (
            {"path": None, "path_b": None, "synthetic": {"task": "daynight"}},
            "from 500 pictures of A (facades by day) and 480 of B (facades by night) at",
        ),
    ],
)
def test_names_the_domains(runs: Path, tmp_path: Path, data: dict[str, object], words: str) -> None:
    run = Path(shutil.copytree(runs / "cut", tmp_path / "run"))
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["data"] |= data
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    assert words in text_of(run)


@pytest.mark.parametrize(("name", "known"), [("cyclegan", False), ("known", True)])
def test_every_image_stands_where_it_belongs(runs: Path, name: str, known: bool) -> None:
    run, images = runs / name, images_of(runs / name)
    samples = run / "samples"
    for way, arrow in (("AtoB", "A → B"), ("BtoA", "B → A")):
        for split, word in (("val", "validation"), ("train", "training")):
            file, subject = f"{split}-{way}-01", f"{word} 2, {arrow}"
            here, there = way[0], way[-1]
            assert images[f"Input · {here}: {subject}"] == address(samples / f"input/{file}.png")
            assert images[f"Output · {there}: {subject}"] == address(samples / f"step-002000/{file}.png")
            assert images[f"There and back · {here}: {subject}"] == address(samples / f"step-002000/{file}-back.png")
            truth = address(samples / f"target/{file}.png") if known and split == "val" else None
            assert images.get(f"Target · {there}: {subject}") == truth
        worst = "worst" if known else "most"
        kinds = {f"Input · {here}": "input", f"Output · {there}": "output", f"There and back · {here}": "round_trip"}
        for begin, kind in kinds.items() | ({(f"Target · {there}", "target")} if known else set()):
            assert address(samples / f"validation/{way}-{worst}-1-{kind}.png") <= images[f"{begin}: 00001, {arrow}"]


def test_a_truth_that_nobody_knows_has_no_place(runs: Path) -> None:
    page = write_report(runs / "known").path.read_text()
    assert page.count("Target · B: validation 1, A → B") > 0
    assert "Target · B: training" not in page and "not there" not in page


def test_captions_name_the_domains_in_turn(runs: Path) -> None:
    page = write_report(runs / "known").path.read_text()
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert captions[:4] == ["Input · A", "Output · B", "There and back · A", "Target · B"]
    assert captions[4:8] == ["Input · B", "Output · A", "There and back · B", "Target · A"]
    page = write_report(runs / "cut").path.read_text()
    assert set(re.findall(r"<figcaption>([^<]*)</figcaption>", page)) == {"Input", "Output"}


def test_round_trips_move_with_their_outputs(runs: Path) -> None:
    page = write_report(runs / "cyclegan").path.read_text()
    frames = json.loads(re.search(r'id="frames">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert len(frames["shown"]) == 4
    assert all(len(shown) == 16 and -1 not in shown for shown in frames["shown"])
    slots = {
        attributes["alt"]: int(attributes["data-slot"] or "")
        for _, attributes in Tags(page).found
        if "data-slot" in attributes
    }
    first = runs / "cyclegan/samples/step-000500/val-BtoA-00-back.png"
    place = frames["shown"][0][slots["There and back · B: validation 1, B → A"]]
    assert {frames["pool"][place]} == address(first)


def test_followed_images_are_shared_out_fairly(tmp_path: Path) -> None:
    run = FakeDomainRun(size=32, samples=3, frames=1).write(tmp_path / "run")
    chosen = [(row.group.key, row.row.name) for row in moving_rows(read_run(run))]
    ways = [f"{split}-{way}" for split in ("val", "train") for way in ("AtoB", "BtoA")]
    assert chosen == [(key, name) for key in ways for name in ("00", "01")]


def test_ranks_say_what_they_are_ranked_by(runs: Path) -> None:
    by_change = text_of(runs / "cyclegan")
    assert "Least changed, median and most changed" in by_change and "Best, median" not in by_change
    assert "no order of quality" in by_change
    assert "00001 · Change 0.0500" in by_change
    by_l1 = text_of(runs / "known")
    assert "Best, median and worst" in by_l1 and "no order of quality" not in by_l1
    assert by_l1.count("00001 · L1 0.110 · SSIM 0.475") == 2


def test_headings_descend_one_by_one(runs: Path) -> None:
    for name in ("cyclegan", "cut"):
        tags = Tags(write_report(runs / name).path.read_text()).found
        levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_limits_of_a_run_without_truth(runs: Path) -> None:
    unknown, known, cut = (text_of(runs / name) for name in ("cyclegan", "known", "cut"))
    for text in (unknown, cut):
        assert "nothing here measures whether the right thing was drawn" in text
        assert "no number says whether the right thing was drawn" in text
        assert "reward a picture that is blurred" not in text
    assert "whether the right thing was drawn" not in known and "reward a picture that is blurred" in known
    for text in (unknown, known):
        assert "A low round trip and a low change are what two generators get" in text
    assert "cycle error" not in cut and "A low change is what a generator gets that only copies" in cut
    assert "The validation set has 40 pictures of B" in unknown
    assert "Dropout stays on" not in unknown, "a ResNet without dropout has none to keep on"


def test_a_copy_is_said_first(runs: Path) -> None:
    page = write_report(runs / "cyclegan").path.read_text()
    alert = "A → B copies its input: what it changes is 4% of the distance between the domains. Since step 1,000."
    first = page.partition("<main")[0]
    assert f"<p>{alert}</p>\n<ul><li>set loss.adversary=true</li><li>train longer</li></ul>" in first
    assert "B → A copies" not in first
    events = " ".join(Tags(page).text.split()).partition("Events Step")[2]
    assert "1,002copying endedB → A no longer copies its input" in events


def test_what_has_ended_is_no_alert() -> None:
    def shown(*findings: Finding) -> list[tuple[str, str]]:
        files = RunFiles(RunFolder(Path("run")), findings=list(findings))
        return [(alert.severity, alert.text) for alert in alerts(files, {})]

    began = Finding(5, "copying", "warning", "the translator copies its input: 3%.")
    ended = Finding(7, "copying", "warning", "the translator no longer copies its input", ended=True)
    again = Finding(9, "copying", "warning", "the translator copies its input: 2%")
    said = [("warning", "The translator copies its input: 3%. Since step 5.")]
    assert shown(began) == said
    assert shown(began, ended) == []
    assert shown(began, ended, again) == [("warning", "The translator copies its input: 2%. Since step 9.")]
    assert shown(began, again) == [("warning", "The translator copies its input: 2%. Since step 5.")]
    other = Finding(6, "collapse", "severe", "", direction="BtoA")
    assert shown(began, other) == [("severe", "B → A: collapse. Since step 6."), *said]


def test_commands_name_the_direction(runs: Path) -> None:
    text = text_of(runs / "cyclegan")
    for way in ("AtoB", "BtoA"):
        assert f"limner translate {runs / 'cyclegan'} PICTURES --out translated-{way} --direction {way}" in text
    assert "--direction" not in text_of(runs / "cut")


def test_survives_what_is_missing_or_damaged(tmp_path: Path) -> None:
    run = FakeDomainRun(size=32, samples=1, frames=2).write(tmp_path / "run")
    (run / "samples/step-001000/val-AtoB-00-back.png").unlink()
    (run / "samples/step-002000/val-AtoB-00-back.png").write_bytes(b"\x89PNG")
    document = json.loads((run / "samples/validation.json").read_text())
    document["groups"][0]["rows"][0]["images"]["round_trip"] = "validation/none.png"
    document["ranked_by"] = "<img src=x>"
    (run / "samples/validation.json").write_text(json.dumps(document))
    written = write_report(run)
    page = written.path.read_text()
    assert Tags(page).open == []
    assert "<img src=x" not in page
    assert any("val-AtoB-00-back.png" in note for note in written.notes)
    assert "There and back · A: validation 1, A → B: not there" in page


def test_a_run_that_just_began(runs: Path, tmp_path: Path) -> None:
    run = tmp_path / "young"
    run.mkdir()
    for name in ("recipe.yaml", "run.json"):
        shutil.copy(runs / "cyclegan" / name, run)
    text = text_of(run)
    assert "A ResNet of 11.4 M parameters in each direction learnt A ⇄ B at 32 px: it has just begun" in text
