"""The trainer's promises, for every method: the same seed the same bits, resume as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from cases import CASES, TINY, Case
from PIL import Image
from sessions import contents, logged, losses, resume, train

import limner
from limner.errors import RecipeError, RunError
from limner.runs.checkpoint import checkpoints, read_checkpoint
from limner.runs.declaration import read_declaration
from limner.runs.folder import RunFolder
from limner.runs.logs import read_findings, read_metrics
from limner.runs.samples import read_ranked
from limner.training.session import _stopping
from limner.training.trainer import Ending, Stop

every_method = pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(case.name)) for case in CASES]
)
"""The tests of one case run in one process, where they share its finished run."""


@pytest.fixture(scope="session")
def finished(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """The finished run of a case, trained once; nobody may write to it."""
    runs = tmp_path_factory.mktemp("finished")

    @cache
    def run_of(case: Case) -> Path:
        return train(case, pairs, runs, case.name).path

    return run_of


@every_method
def test_the_same_seed_gives_the_same_bits_whatever_the_number_of_workers(
    case: Case, finished: Callable[[Case], Path], pairs: Path, tmp_path: Path
) -> None:
    whole = finished(case)
    torch.manual_seed(123)
    for workers in (0, 4):
        run = train(case, pairs, tmp_path, f"workers-{workers}", f"data.workers={workers}").path
        assert contents(run, 6) == contents(whole, 6)
        assert losses(run) == losses(whole)


@every_method
@pytest.mark.parametrize("stop_at", [0, 2, 4])
def test_a_resumed_run_equals_an_uninterrupted_one(
    case: Case, stop_at: int, finished: Callable[[Case], Path], tmp_path: Path
) -> None:
    """As after a kill: everything later than the checkpoint is in the logs, and the run goes on from before."""
    whole, cut = finished(case), tmp_path / "cut"
    shutil.copytree(whole, cut)
    for path in checkpoints(cut / "checkpoints"):
        if int(path.name.split("-")[1]) > stop_at:
            shutil.rmtree(path)
    resume(cut)
    assert contents(cut, 6) == contents(whole, 6)
    assert losses(cut) == losses(whole)
    assert read_findings(cut / "health.jsonl") == read_findings(whole / "health.jsonl")
    for file in (path for path in (whole / "samples").rglob("*") if path.is_file()):
        assert (cut / "samples" / file.relative_to(whole / "samples")).read_bytes() == file.read_bytes()


@every_method
def test_training_needs_no_validation_images(case: Case, pairs: Path, tmp_path: Path) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(case.images(pairs) / "train", own / "train")
    run = train(case, pairs, tmp_path, "run", "data.validation=0", f"data.path={own}").path
    tags = {tag for row in read_metrics(run / "metrics.jsonl") for tag in row.values}
    assert not [tag for tag in tags if tag.startswith("val/")] and [tag for tag in tags if tag.startswith("train/")]
    assert not (run / "samples" / "validation.json").exists() and (run / "samples" / "grid-000006.png").is_file()
    resume(run, "training.steps=8")


@every_method
def test_the_model_alone_is_taken_away(case: Case, finished: Callable[[Case], Path], tmp_path: Path) -> None:
    run = finished(case)
    model = limner.load(run)
    assert all(torch.equal(value, limner.load(run).state_dict()[name]) for name, value in model.state_dict().items())
    model.save(tmp_path / "model.safetensors")
    again = limner.load(tmp_path / "model.safetensors")
    assert again.card.method == model.card.method and again.use == model.use
    if model.model.task == "generate":
        assert [np.asarray(one).tolist() for one in model.generate(4, seed=1)] == [
            np.asarray(other).tolist() for other in again.generate(4, seed=1)
        ]
        assert model.classes == ("bright", "dark")
    inputs = sorted((run / "samples" / "input").glob("val-*00.png"))
    for path in inputs:
        with Image.open(path) as image:
            shown, direction = image.convert("RGB"), "BtoA" if "BtoA" in path.name else None
        made = model.translate(shown, seed=21, direction=direction)
        assert np.array_equal(made, again.translate(shown, seed=21, direction=direction))
        with Image.open(run / "samples" / "step-000006" / path.name) as sample:
            assert np.array_equal(made, sample), "what is shown in training is what is used afterwards"


def test_another_seed_gives_other_weights(finished: Callable[[Case], Path], pairs: Path, tmp_path: Path) -> None:
    other = train(CASES[0], pairs, tmp_path, "other", "seed=99").path
    assert contents(finished(CASES[0]), 6) != contents(other, 6)


def test_stop_saves_and_says_interrupted(finished: Callable[[Case], Path], pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", stop=Stop(asked=True))
    assert run.ending is Ending.INTERRUPTED
    assert [path.name for path in checkpoints(run.path / "checkpoints")] == ["step-000000"]
    resume(run.path)
    assert contents(run.path, 6) == contents(finished(CASES[0]), 6)


def test_what_is_not_finite_is_never_saved(pairs: Path, tmp_path: Path) -> None:
    words = ("training.optimiser.lr=1e38", "training.log_every=50", "training.steps=60", "training.best=val/l1",
             "training.checkpoint_every=2", "training.validate_every=3")  # fmt: skip
    with pytest.raises(RunError, match="no longer a number at step") as caught:
        train(CASES[0], pairs, tmp_path, "run", *words)
    assert "No checkpoint had been written before" in str(caught.value)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").glob("*")] == []


def test_a_taken_name_is_refused_before_the_images_are_looked_at(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(CASES[0], pairs, tmp_path, "run", "training.steps=1")
    monkeypatch.setattr("limner.training.api.open_images", lambda *_: pytest.fail("looked"))
    with pytest.raises(RunError, match="a run named run already"):
        train(CASES[0], pairs, tmp_path, "run")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunError, match="permission"):
        train(CASES[0], pairs, tmp_path, "other")


def test_what_is_skipped_is_said_before_training(pairs: Path, tmp_path: Path) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(pairs, own)
    (own / "train" / "cut.png").write_bytes((own / "train" / "train0.png").read_bytes()[:60])
    run = train(CASES[0], own, tmp_path, "run", "training.steps=1").path
    said = (run / "log.txt").read_text()
    assert "too few for pix2pix" in said and "skipped: " in said and "cut.png: damaged" in said


def test_the_best_checkpoint_is_kept_beside_the_last_ones(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.best=val/l1", "training.keep_last=1").path
    steps = dict(logged(run, "val/l1"))
    best = read_checkpoint(run / "checkpoints" / "best")
    assert best.state["step"] == min(steps, key=lambda step: steps[step])
    assert [path.name for path in checkpoints(run / "checkpoints")] == ["step-000006"]


def test_an_unknown_best_is_named(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="val/bssim") as caught:
        train(CASES[0], pairs, tmp_path, "run", "training.best=val/bssim")
    assert "a similar one is val/ssim" in str(caught.value.tip) and "val/l1" in str(caught.value.tip)
    assert not checkpoints(tmp_path / "run" / "checkpoints"), "said before the first step"


def test_a_loss_that_is_no_number_stops_the_run(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no longer a number") as caught:
        train(CASES[0], pairs, tmp_path, "run", "training.optimiser.lr=1e30", "training.steps=30")
    assert "training.optimiser.lr" in str(caught.value.tip)


def test_what_is_logged(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    tags = {tag for row in read_metrics(run / "metrics.jsonl") for tag in row.values}
    terms = {"discriminator/real", "discriminator/fake", "discriminator/feedback_real", "discriminator/feedback_fake",
             "generator/l1", "generator/adversarial", "generator/total"}  # fmt: skip
    images = {"l1", "l2", "psnr", "ssim", "spectrum_distance"}
    assert {f"{split}/{name}" for split in ("train", "val") for name in terms | images} <= tags
    assert {"train/lr/generator", "train/images_per_second", "train/data_wait"} <= tags
    ranked = read_ranked(RunFolder(run))
    assert ranked is not None and ranked.ranked_by == "l1" and ranked.step == 6
    assert [group.key for group in ranked.groups] == ["best", "median", "worst"]
    rows = [row for group in ranked.groups for row in group.rows]
    assert all((run / "samples" / path).is_file() for row in rows for path in row.images.values())
    assert all({"l1", "ssim"} <= row.scores.keys() for row in rows)
    declared = read_declaration(RunFolder(run))
    assert declared is not None and declared.model.title == "U-Net" and declared.directions == ["AtoB"]
    assert {metric.name for metric in declared.metrics} == images


def test_ctrl_c_ends_with_the_line_that_resumes(pairs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "limner", "train", "pix2pix-facades", *TINY, f"data.path={pairs}"]
    command += ["training.steps=100000", "training.checkpoint_every=100000", "--name", "run", "--runs", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.is_file() and metrics.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"limner train --resume {tmp_path / 'run'}" in out
    assert "Traceback" not in err
    assert len(checkpoints(tmp_path / "run" / "checkpoints")) == 1


def test_a_second_ctrl_c_stops_at_once_and_names_the_line_too() -> None:
    said: list[str] = []
    stop = Stop()
    with _stopping(stop, SimpleNamespace(say=said.append), "'my run'"):  # type: ignore[arg-type]
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert "limner train --resume 'my run'" in said[-1]
