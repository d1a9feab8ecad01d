"""Runs end at their length, by steps or by the clock, and can be given another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cases import CASES
from sessions import contents, logged, newest_state, resume, train

from limner.errors import RunError
from limner.runs.checkpoint import checkpoints
from limner.runs.logs import read_events
from limner.training.trainer import Ending


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
    rates = dict(logged(run, "train/lr/generator"))
    assert rates[9] == rates[8] == rates[7] == pytest.approx(rates[6]) and rates[6] > 0
    resume(run, "training.steps=10")
    assert dict(logged(run, "train/lr/generator"))[10] == rates[9]


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


def test_training_by_the_clock(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run", "training.time=1s", "training.validate_every=100000")
    assert run.ending is Ending.FINISHED
    last = run.metrics()[-1]
    assert 1 <= newest_state(run.path)["elapsed"] < 10 and last.step > 0
    assert "will not end at the same step" in (run.path / "log.txt").read_text()


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
