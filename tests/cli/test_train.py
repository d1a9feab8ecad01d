"""`limner train` as a person types it: what it prints, and what it refuses in one clear message."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from cases import TINY

from limner.cli import main
from limner.training import api
from limner.training.api import Run
from limner.training.trainer import Ending


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LIMNER_RUNS", str(tmp_path / "runs"))


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command, which must end in status 1 and one message without a traceback; return it."""
    assert main(["train", *words]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err and said.err.count("error: ") == 1
    assert "tip: " in said.err or ": set " in said.err
    assert said.out == ""
    return said.err


def test_trains_and_says_what_next(pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pix2pix-facades", *TINY, f"data.path={pairs}"]) == 0
    said = capsys.readouterr().out
    run = tmp_path / "runs" / "pix2pix-facades-001"
    assert f"limner report {run}" in said and f"limner translate {run}" in said
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").stat().st_size > 10_000


def test_the_saved_recipe_runs_again(pairs: Path, tmp_path: Path) -> None:
    assert main(["train", "pix2pix-facades", *TINY, f"data.path={pairs}", "--name", "first"]) == 0
    assert main(["train", str(tmp_path / "runs" / "first" / "recipe.yaml"), "--name", "again"]) == 0
    weights = [tmp_path / "runs" / n / "checkpoints" / "step-000006" / "model.safetensors" for n in ("first", "again")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_dry_run_says_everything_and_writes_nothing(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "pix2pix-facades", *TINY, f"data.path={pairs}", "--dry-run"]) == 0
    said = capsys.readouterr().out
    facts = ("7 train, 3 validation", "generator:", "discriminator:", "parameters", "GFLOP", "too few for pix2pix",
             "epoch      7 pictures", "kB for checkpoints")  # fmt: skip
    for fact in (*facts, "seed: 21"):
        assert fact in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pix2pix", "--dry-run", "--name", "x"], "--name is for a new run"),
        (["--resume", "x", "--name", "y"], "--name is for a new run"),
        (["pix2pix", "--inexact"], "--inexact is for a run that goes on"),
    ],
)
def test_options_without_effect_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *words]) == 1
    assert said in capsys.readouterr().err


def test_resume_needs_no_recipe_and_takes_none(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pix2pix-facades", *TINY, f"data.path={pairs}", "--name", "run"]) == 0
    assert main(["train", "--resume", "run", "training.steps=8"]) == 0
    capsys.readouterr()
    assert "leave the recipe out" in refused(capsys, "pix2pix-facades", "--resume", "run")
    assert "is finished" in refused(capsys, "--resume", "run")


def test_resume_of_another_device_is_refused(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pix2pix-facades", *TINY, f"data.path={pairs}", "--name", "run"]) == 0
    capsys.readouterr()
    assert "device" in refused(capsys, "--resume", "run", "device=mps", "training.steps=8")


def test_a_taken_name_names_both_ways_out(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pix2pix-facades", *TINY, f"data.path={pairs}", "--name", "run"]
    assert main(["train", *words]) == 0
    capsys.readouterr()
    message = refused(capsys, *words)
    assert "--resume run" in message and "--name" in message


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("words", [["train", "pix2pix"], ["train", "--resume", "run"], ["quickstart"]])
def test_the_commands_that_come_next_can_be_pasted(
    words: list[str], ending: Ending, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(Path("my runs/it's $1"), ending)
    for function in ("train", "resume"):
        monkeypatch.setattr(api, function, lambda *_, **__: run)
    monkeypatch.setattr("limner.cli.quickstart._verdict", lambda path: "")
    monkeypatch.setattr("limner.cli.report.report", lambda *_, **__: None)
    main(words)
    commands = [shlex.split(line) for line in capsys.readouterr().out.splitlines() if line.startswith("  limner ")]
    assert commands or (words == ["quickstart"] and ending is Ending.FINISHED)
    assert all(str(run.path) in command for command in commands)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ((), "which recipe"),
        (("pix2pix-facades", "pix2pix"), "two recipes"),
        (("pix2pix-facade",), "pix2pix-facades"),
        (("pix2pix-facades",), "data.path"),
        (("pix2pix-facades", "training.stpes=5"), "training.steps"),
        (("pix2pix-facades", "loss.l1=lots"), "loss.l1"),
        (("pix2pix-facades", "data.size=100"), "generator.levels"),
        (("pix2pix-facades", "data.path=/nowhere/at/all"), "/nowhere/at/all"),
        (("--resume", "nothing"), "nothing"),
        (("--resume", "nothing", "--dry-run"), "--dry-run"),
    ],
)
def test_mistakes_are_refused(words: tuple[str, ...], fragment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fragment in refused(capsys, *words)


def test_a_recipe_with_a_tab_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("extends: pix2pix-facades\nloss:\n\tl1: 10\n")
    message = refused(capsys, str(recipe))
    assert "tab" in message and "line 3" in message


def test_a_folder_that_cannot_be_written(pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if os.geteuid() == 0:
        closed = Path("/proc/limner-runs")  # root may write everywhere but here
    else:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
    assert str(closed) in refused(capsys, "pix2pix-facades", *TINY, f"data.path={pairs}", "--runs", str(closed))


def test_empty_folder_and_folder_of_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "readme.txt").write_text("no picture")
    for name in ("empty", "texts"):
        assert name in refused(capsys, "pix2pix-facades", f"data.path={tmp_path / name}")
    assert not (tmp_path / "runs").exists()
