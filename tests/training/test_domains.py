"""Training between two domains: what is logged, drawn and saved, in both directions and in one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from cases import DOMAINS
from PIL import Image
from rich.console import Console

import limner
from limner.cli import main
from limner.config.load import load_recipe
from limner.errors import DataError
from limner.health import check_run
from limner.runs.declaration import read_declaration
from limner.runs.folder import RunFolder
from limner.runs.logs import read_findings
from limner.runs.samples import find_image, read_index, read_ranked
from limner.training.session import open_images

SIZE = 16


def train(recipe: str, images: Path, runs: Path, *words: str) -> limner.Run:
    words = (*DOMAINS, f"data.path={images}", *words)
    return limner.train(recipe, name="run", runs=runs, words=words, console=Console(file=io.StringIO()))


@pytest.fixture(scope="session")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark and bright pictures, fewer bright ones, without partners."""
    folder, random = tmp_path_factory.mktemp("domains"), np.random.default_rng(3)
    for name, count, low in (("trainA", 6, 0), ("trainB", 4, 120), ("testA", 3, 0), ("testB", 2, 120)):
        (folder / name).mkdir()
        for number in range(count):
            coarse = random.integers(low, low + 100, (4, 4, 3), np.uint8)
            img = Image.fromarray(coarse).resize((20, 20), Image.Resampling.BICUBIC)
            img.save(folder / name / f"{name}{number}.png")
    return folder


def test_both_directions_are_logged_drawn_and_ranked(domains: Path, tmp_path: Path) -> None:
    run = train("cyclegan-horse2zebra", domains, tmp_path)
    tags = {tag for row in run.metrics() for tag in row.values}
    both = {f"{split}/{way}/{name}" for split in ("train", "val") for way in ("AtoB", "BtoA")
            for name in ("change", "change_share", "copied", "round_trip", "spectrum_distance")}  # fmt: skip
    assert both <= tags and not {tag for tag in tags if tag.endswith(("/l1", "/ssim", "/against_copy"))}
    terms = {"generators/cycle_a", "generators/identity_b", "generators/feedback_fake_a", "discriminators/real_b"}
    assert {f"{split}/{term}" for split in ("train", "val") for term in terms} <= tags
    samples = run.path / "samples"
    made = {path.name for path in (samples / "step-000006").iterdir()}
    assert made == {
        f"{split}-{way}-0{number}{back}.png"
        for split in ("val", "train") for way in ("AtoB", "BtoA") for number in (0, 1) for back in ("", "-back")
    }  # fmt: skip
    assert not (samples / "target").exists()
    with Image.open(samples / "grid-000006.png") as grid:
        assert grid.size[0] == 3 * SIZE + 2 * 2, "input, output, there and back"
    folder = RunFolder(run.path)
    index, ranked = read_index(folder), read_ranked(folder)
    assert index is not None and [group.key for group in index.groups] == [
        f"{split}-{way}" for way in ("AtoB", "BtoA") for split in ("val", "train")
    ]
    assert all([column.key for column in group.columns] == ["input", "output", "round_trip"] for group in index.groups)
    assert ranked is not None and ranked.ranked_by == "change"
    assert {(group.direction, group.key.partition("-")[2]) for group in ranked.groups} == {
        (way, rank) for way in ("AtoB", "BtoA") for rank in ("least", "median", "most")
    }
    assert [group.title for group in ranked.groups] == ["Least changed", "Median", "Most changed"] * 2
    rows = [row for group in ranked.groups for row in group.rows]
    assert all(find_image(folder, row.images["round_trip"]) for row in rows)
    declared = read_declaration(folder)
    assert declared is not None and declared.domains and declared.directions == ["AtoB", "BtoA"]
    assert declared.model.networks == 2 and {term.tag for term in declared.terms} >= terms
    assert {metric.name for metric in declared.metrics} >= {"change", "round_trip"}


def test_a_hidden_truth_is_measured_against_in_both_directions(pairs: Path, tmp_path: Path) -> None:
    run = train("cyclegan-horse2zebra", pairs, tmp_path)
    last = run.metrics()[-1].values
    assert {f"val/{way}/{name}" for way in ("AtoB", "BtoA") for name in ("l1", "l2", "ssim", "against_copy")} <= set(
        last
    )
    assert "train/AtoB/l1" not in last, "training pictures are drawn without their partners"
    targets = {path.name for path in (run.path / "samples" / "target").iterdir()}
    assert targets == {f"val-{way}-0{number}.png" for way in ("AtoB", "BtoA") for number in (0, 1)}
    with (
        Image.open(run.path / "samples" / "grid-000006.png") as grid,
        Image.open(run.path / "samples" / "target" / "val-AtoB-01.png") as target,
    ):
        side = SIZE + 2
        assert np.array_equal(np.asarray(grid)[side : side + SIZE, 3 * side :], np.asarray(target))
        assert (np.asarray(grid)[2 * side : 4 * side, 3 * side :] == 255).all(), (
            "nobody knows those of training pictures"
        )


def test_one_direction_has_no_name(domains: Path, tmp_path: Path) -> None:
    run = train("cut-horse2zebra", domains, tmp_path, "data.direction=BtoA", "loss.patches=8")
    tags = {tag for row in run.metrics() for tag in row.values}
    assert {"val/change", "val/change_share", "val/generator/nce", "val/generator/nce_identity"} <= tags
    model = limner.load(run.path)
    assert model.directions == ["BtoA"]
    img = Image.open(next((domains / "testB").iterdir()))
    with pytest.raises(DataError, match="translates BtoA only, not AtoB"):
        model.translate(img, direction="AtoB")
    assert model.translate(img).size == (20, 20)
    (grid,) = (run.path / "samples").glob("grid-000006.png")
    with Image.open(grid) as drawn:
        assert drawn.size[0] == 2 * SIZE + 2


def test_the_model_translates_as_the_generators_do_and_survives_its_file(domains: Path, tmp_path: Path) -> None:
    run = train("cyclegan-horse2zebra", domains, tmp_path)
    model = limner.load(run.path)
    model.save(tmp_path / "model.safetensors")
    again = limner.load(tmp_path / "model.safetensors")
    with Image.open(next((domains / "testA").iterdir())) as image:
        img = image.resize((SIZE, SIZE))
    for way in ("AtoB", "BtoA"):
        made = np.asarray(model.translate(img, direction=way))
        assert np.array_equal(made, np.asarray(again.translate(img, direction=way)))
    assert not np.array_equal(np.asarray(model.translate(img)), np.asarray(model.translate(img, direction="BtoA")))


def test_translate_takes_a_direction(domains: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("cyclegan-horse2zebra", domains, tmp_path)
    words = ["translate", str(tmp_path / "run"), str(domains / "testB"), "--direction", "BtoA"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 2
    train_cut = limner.train(
        "cut-horse2zebra", name="one-way", runs=tmp_path, console=Console(file=io.StringIO()),
        words=(*DOMAINS, f"data.path={domains}", "loss.patches=8"),
    )  # fmt: skip
    capsys.readouterr()
    words[1] = str(train_cut.path)
    assert main([*words, "--out", str(tmp_path / "none")]) == 1
    assert "translates AtoB only, not BtoA" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_generator_that_copies_is_reported_once(
    domains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limner.metrics.translation.CHANGED", 10.0)
    run = train("cyclegan-horse2zebra", domains, tmp_path, "loss.adversary=false", "loss.identity=0").path
    found = read_findings(run / "health.jsonl")
    assert sorted((each.detector, each.direction) for each in found) == [("copying", "AtoB"), ("copying", "BtoA")]
    assert "A → B copies its input" in found[0].evidence and found[0].remedies
    assert "A → B copies its input" in (run / "log.txt").read_text()
    assert check_run(RunFolder(run)) == found, "offline as live"


def test_limner_draws_the_images_of_a_recipe_that_names_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    recipe = load_recipe("cyclegan-quickstart", ["data.synthetic.count=10", "data.size=32"])
    splits = open_images(recipe, Console(file=io.StringIO()))
    assert splits.report.counts["train A"] == splits.report.counts["train B"] == 8
    assert splits.validation.references(2).targets is not None
    (folder,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    assert open_images(recipe, Console(file=io.StringIO())).report.fingerprint == splits.report.fingerprint
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")} == before
