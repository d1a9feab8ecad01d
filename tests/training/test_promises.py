"""The trainer's promises, for every method: the same seed the same bits, resume as if nothing had happened."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import CASES, TINY, Case
from rich.console import Console

import limner
from limner.errors import CheckpointError, DataError, RecipeError, RunError
from limner.training.checkpoint import checkpoints, read_checkpoint, save_checkpoint
from limner.training.logs import read_events, read_metrics, series
from limner.training.trainer import Ending, Stop

every_method = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def train(case: Case, pairs: Path, runs: Path, name: str, *words: str, **settings: Any) -> limner.Run:
    console = Console(file=io.StringIO())
    return limner.train(
        case.recipe,
        name=name,
        runs=runs,
        words=[*case.words, f"data.path={pairs}", *words],
        console=console,
        **settings,
    )


def resume(run: Path, *words: str, **settings: Any) -> str:
    output = io.StringIO()
    limner.resume(run, words, console=Console(file=output, width=500), **settings)
    return output.getvalue()


def contents(run: Path, step: int) -> dict[str, bytes]:
    """The bytes of a checkpoint's weights and optimisers."""
    checkpoint = read_checkpoint(run / "checkpoints" / f"step-{step:06d}")
    return dict(checkpoint.contents)


def newest_state(run: Path) -> dict[str, Any]:
    return read_checkpoint(checkpoints(run / "checkpoints")[-1]).state


def losses(run: Path) -> list[tuple[int, dict[str, float]]]:
    timing = ("train/pictures_per_second", "train/data_wait")
    rows = read_metrics(run / "metrics.jsonl")
    return [(row.step, {k: v for k, v in row.values.items() if k not in timing}) for row in rows]


@every_method
def test_two_runs_of_one_recipe_are_bit_identical(case: Case, pairs: Path, tmp_path: Path) -> None:
    first = train(case, pairs, tmp_path, "first")
    torch.manual_seed(123)
    second = train(case, pairs, tmp_path, "second")
    assert contents(first.path, 6) == contents(second.path, 6)
    assert losses(first.path) == losses(second.path)
    other = train(case, pairs, tmp_path, "other", "seed=99")
    assert contents(first.path, 6) != contents(other.path, 6)


@every_method
@pytest.mark.parametrize("stop_at", [0, 2, 4])
def test_a_resumed_run_equals_an_uninterrupted_one(case: Case, stop_at: int, pairs: Path, tmp_path: Path) -> None:
    """As after a kill: everything later than the checkpoint is in the logs, and the run goes on from before."""
    whole = train(case, pairs, tmp_path, "whole").path
    cut = tmp_path / "cut"
    shutil.copytree(whole, cut)
    for path in checkpoints(cut / "checkpoints"):
        if int(path.name.split("-")[1]) > stop_at:
            shutil.rmtree(path)
    resume(cut)
    assert contents(cut, 6) == contents(whole, 6)
    assert losses(cut) == losses(whole)
    assert sorted(p.name for p in (cut / "samples").iterdir()) == sorted(p.name for p in (whole / "samples").iterdir())
    grid = "samples/grid-000006.png"
    assert (cut / grid).read_bytes() == (whole / grid).read_bytes()


@every_method
def test_workers_never_change_a_result(case: Case, pairs: Path, tmp_path: Path) -> None:
    runs = [train(case, pairs, tmp_path, f"workers-{count}", f"data.workers={count}").path for count in (0, 1, 4)]
    assert contents(runs[0], 6) == contents(runs[1], 6) == contents(runs[2], 6)


@every_method
def test_training_needs_no_validation_pictures(case: Case, pairs: Path, tmp_path: Path) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(pairs / "train", own / "train")
    run = train(case, own, tmp_path, "run", "data.validation=0").path
    tags = {tag for row in read_metrics(run / "metrics.jsonl") for tag in row.values}
    assert not [tag for tag in tags if tag.startswith("val/")] and [tag for tag in tags if tag.startswith("train/")]
    assert not (run / "samples" / "validation.json").exists() and (run / "samples" / "grid-000006.png").is_file()
    resume(run, "training.steps=8")


def test_stop_saves_and_says_interrupted(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", stop=Stop(asked=True))
    assert run.ending is Ending.INTERRUPTED
    assert [path.name for path in checkpoints(run.path / "checkpoints")] == ["step-000000"]
    resume(run.path)
    assert contents(run.path, 6) == contents(train(CASES[0], pairs, tmp_path, "whole").path, 6)


def test_a_finished_run_says_so_and_can_be_lengthened(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    with pytest.raises(RunError, match="is finished") as caught:
        resume(run)
    assert "training.steps=" in str(caught.value.tip)
    resume(run, "training.steps=8")
    assert contents(run, 8) == contents(train(CASES[0], pairs, tmp_path, "long", "training.steps=8").path, 8)


def test_lengthening_a_schedule_at_zero_holds_its_last_rate(pairs: Path, tmp_path: Path) -> None:
    linear = CASES[1]
    run = train(linear, pairs, tmp_path, "run").path
    said = resume(run, "training.steps=9")
    assert "going on at the last rate" in said
    rates = dict(series(read_metrics(run / "metrics.jsonl"), "train/lr/generator"))
    assert rates[9] == rates[8] == rates[7] == pytest.approx(rates[6]) and rates[6] > 0
    resume(run, "training.steps=10")
    assert dict(series(read_metrics(run / "metrics.jsonl"), "train/lr/generator"))[10] == rates[9]


def test_another_length_in_the_middle_of_a_schedule_is_said(pairs: Path, tmp_path: Path) -> None:
    linear = CASES[1]
    run = train(linear, pairs, tmp_path, "run", "training.checkpoint_every=1").path
    early, late = tmp_path / "early", tmp_path / "late"
    for copy, last in ((early, 4), (late, 5)):
        shutil.copytree(run, copy)
        for path in checkpoints(copy / "checkpoints"):
            if int(path.name.split("-")[1]) > last:
                shutil.rmtree(path)
    assert "instead of 6" not in resume(early, "training.steps=8")  # both lengths begin at the full rate
    assert contents(early, 8) == contents(train(linear, pairs, tmp_path, "long", "training.steps=8").path, 8)
    assert "the run is now 8 steps long instead of 6" in resume(late, "training.steps=8")
    assert any("will not equal" in event.detail for event in read_events(late / "events.jsonl"))


@pytest.mark.parametrize("word", ["", "training.steps=6", "training.steps=3"])
def test_a_run_at_its_end_is_refused_before_anything_is_written(word: str, pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"}
    for _ in range(2):
        with pytest.raises(RunError, match="is finished: it has taken 6 steps"):
            resume(run, *([word] if word else []))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"} == before


def test_means_in_the_log_survive_a_resume(pairs: Path, tmp_path: Path) -> None:
    whole = train(CASES[0], pairs, tmp_path, "whole", "training.log_every=5", "training.steps=5").path
    cut = train(CASES[0], pairs, tmp_path, "cut", "training.log_every=5", "training.steps=5").path
    shutil.rmtree(cut / "checkpoints" / "step-000005")
    resume(cut)
    assert losses(cut) == losses(whole)


def test_what_is_broken_is_never_saved(pairs: Path, tmp_path: Path) -> None:
    words = ("training.optimiser.lr=1e38", "training.log_every=50", "training.steps=60", "training.best=val/l1",
             "training.checkpoint_every=2", "training.validate_every=3")  # fmt: skip
    with pytest.raises(RunError, match="no longer a number at step") as caught:
        train(CASES[0], pairs, tmp_path, "run", *words)
    assert "No checkpoint had been written before" in str(caught.value)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").glob("*")] == []


def test_a_checkpoint_that_cannot_be_read_now_is_not_thrown_away(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    plain = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path.parent.name == "step-000006" and path.name == "model.safetensors":
            raise OSError(errno.EIO, "Input/output error")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(RunError, match=r"model\.safetensors cannot be read: Input/output error"):
        resume(run, "training.steps=8")
    monkeypatch.undo()
    assert newest_state(run)["step"] == 6


def test_a_bad_checkpoint_is_named_and_the_one_before_used(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    expected = contents(run, 6)
    damaged = run / "checkpoints" / "step-000006" / "model.safetensors"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    resume(run)
    events = read_events(run / "events.jsonl")
    assert any("step-000006" in str(event.detail) for event in events)
    assert contents(run, 6) == expected


def test_with_every_checkpoint_bad_nothing_is_begun_again_or_lost(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    for path in checkpoints(run / "checkpoints"):
        (path / "model.safetensors").write_bytes(b"cut")
    before = sorted(path.relative_to(run) for path in run.rglob("*"))
    metrics = (run / "metrics.jsonl").read_bytes()
    with pytest.raises(CheckpointError, match=r"model\.safetensors") as caught:
        resume(run)
    assert "recipe.yaml" in str(caught.value.tip)
    assert sorted(path.relative_to(run) for path in run.rglob("*")) == before
    assert (run / "metrics.jsonl").read_bytes() == metrics


@pytest.mark.parametrize("word", ["training.batch=1", "loss.l1=10", "seed=5", "generator.dropout=0.1"])
def test_a_changed_recipe_is_refused_and_named(word: str, pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    before = (run / "recipe.yaml").read_bytes()
    with pytest.raises(RunError, match=word.split("=")[0]):
        resume(run, word, "training.steps=8")
    assert (run / "recipe.yaml").read_bytes() == before


def test_inexact_goes_on_and_is_recorded(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    resume(run, "loss.l1=10", "training.steps=8", inexact=True)
    assert any("inexact" in str(event.detail) for event in read_events(run / "events.jsonl"))


def test_changed_pictures_are_refused(tmp_path: Path, pairs: Path) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(pairs, own)
    run = train(CASES[0], own, tmp_path, "run").path
    (own / "train" / "train0.png").unlink()
    with pytest.raises(RunError, match="pictures have changed"):
        resume(run, "training.steps=8")


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_record_of_the_pictures_that_is_gone_or_damaged_is_named(
    content: str | None, tmp_path: Path, pairs: Path
) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.steps=1").path
    record = run / "data.json"
    record.unlink() if content is None else record.write_text(content)
    with pytest.raises(RunError, match=r"data\.json (cannot be read|is damaged)"):
        resume(run, "training.steps=2")


def test_a_run_goes_on_from_any_folder(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(pairs, own)
    monkeypatch.chdir(tmp_path)
    run = train(CASES[0], Path("pictures"), Path("runs"), "run").path.absolute()
    monkeypatch.chdir(own)
    resume(run, "training.steps=7")
    own.rename(tmp_path / "moved")
    with pytest.raises(DataError, match="pictures any more") as caught:
        resume(run, "training.steps=8")
    assert "data.path=FOLDER" in str(caught.value.tip)
    resume(run, "training.steps=8", f"data.path={tmp_path / 'moved'}")


def test_what_an_older_limner_saved_goes_on(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    newest = read_checkpoint(run / "checkpoints" / "step-000006")
    state = {key: value for key, value in newest.state.items() if key not in ("elapsed", "sums", "counts")}
    save_checkpoint(run / "checkpoints", "step-000006", newest.contents, state | {"pending": {}})
    resume(run, "training.steps=8")


def test_a_taken_name_is_refused_before_the_pictures_are_looked_at(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(CASES[0], pairs, tmp_path, "run", "training.steps=1")
    monkeypatch.setattr("limner.training.api.open_pictures", lambda *_: pytest.fail("looked"))
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


def test_threads_are_restored_to_the_recorded_number(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    recorded = torch.get_num_threads()
    torch.set_num_threads(recorded + 1)
    try:
        resume(run, "training.steps=8")
        assert torch.get_num_threads() == recorded
    finally:
        torch.set_num_threads(recorded)


def test_the_best_checkpoint_is_kept_beside_the_last_ones(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.best=val/l1", "training.keep_last=1").path
    steps = dict(series(read_metrics(run / "metrics.jsonl"), "val/l1"))
    best = read_checkpoint(run / "checkpoints" / "best")
    assert best.state["step"] == min(steps, key=lambda step: steps[step])
    assert [path.name for path in checkpoints(run / "checkpoints")] == ["step-000006"]


def test_an_unknown_best_is_named(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="val/bssim") as caught:
        train(CASES[0], pairs, tmp_path, "run", "training.best=val/bssim")
    assert "a similar one is val/ssim" in str(caught.value.tip) and "val/l1" in str(caught.value.tip)
    assert not checkpoints(tmp_path / "run" / "checkpoints"), "said before the first step"


def test_training_by_the_clock(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.time=1s", "training.validate_every=100000")
    assert run.ending is Ending.FINISHED
    last = run.metrics()[-1]
    assert 1 <= newest_state(run.path)["elapsed"] < 10 and last.step > 0


def test_the_clock_counts_validation_too(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.time=2s", "training.validate_every=1")
    state = newest_state(run.path)
    assert 2 <= state["elapsed"] < 20 and state["seconds"] < 0.8 * state["elapsed"]


def test_a_run_by_the_clock_can_be_lengthened_too(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.time=1s", "training.validate_every=100000")
    step = run.metrics()[-1].step
    with pytest.raises(RunError, match="is finished"):
        resume(run.path)
    resume(run.path, "training.time=2s")
    assert run.metrics()[-1].step > step and newest_state(run.path)["elapsed"] >= 2


def test_a_loss_that_is_no_number_stops_the_run(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no longer a number") as caught:
        train(CASES[0], pairs, tmp_path, "run", "training.optimiser.lr=1e30", "training.steps=30")
    assert "training.optimiser.lr" in str(caught.value.tip)


def test_what_is_logged(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    tags = {tag for row in read_metrics(run / "metrics.jsonl") for tag in row.values}
    terms = {"discriminator/real", "discriminator/fake", "discriminator/feedback_real", "discriminator/feedback_fake",
             "generator/l1", "generator/adversarial", "generator/total"}  # fmt: skip
    pictures = {"l1", "l2", "psnr", "ssim", "spectrum_distance"}
    assert {f"{split}/{name}" for split in ("train", "val") for name in terms | pictures} <= tags
    assert {"train/lr/generator", "train/pictures_per_second", "train/data_wait"} <= tags
    samples = json.loads((run / "samples" / "validation.json").read_text())
    assert {row["rank"] for row in samples["pictures"]} == {"best", "median", "worst"}
    assert all((run / "samples" / row[kind]).is_file() for row in samples["pictures"] for kind in ("input", "output"))


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
