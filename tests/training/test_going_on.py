"""What a run that goes on finds: a bad checkpoint, other settings, other pictures, another folder."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
import torch
from cases import CASES
from sessions import contents, losses, newest_state, resume, train

from limner.errors import CheckpointError, DataError, RunError
from limner.evaluation import Validator
from limner.runs.checkpoint import checkpoints, read_checkpoint, save_checkpoint
from limner.runs.logs import read_events


def test_means_in_the_log_survive_a_resume(pairs: Path, tmp_path: Path) -> None:
    whole = train(CASES[0], pairs, tmp_path, "whole", "training.log_every=5", "training.steps=5").path
    cut = train(CASES[0], pairs, tmp_path, "cut", "training.log_every=5", "training.steps=5").path
    shutil.rmtree(cut / "checkpoints" / "step-000005")
    resume(cut)
    assert losses(cut) == losses(whole)


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


def test_changed_images_are_refused(tmp_path: Path, pairs: Path) -> None:
    own = tmp_path / "pictures"
    shutil.copytree(pairs, own)
    run = train(CASES[0], own, tmp_path, "run").path
    (own / "train" / "train0.png").unlink()
    with pytest.raises(RunError, match="pictures have changed"):
        resume(run, "training.steps=8")


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_record_of_the_images_that_is_gone_or_damaged_is_named(
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


def test_threads_are_restored_to_the_recorded_number(pairs: Path, tmp_path: Path) -> None:
    run = train(CASES[0], pairs, tmp_path, "run").path
    recorded = torch.get_num_threads()
    torch.set_num_threads(recorded + 1)
    try:
        resume(run, "training.steps=8")
        assert torch.get_num_threads() == recorded
    finally:
        torch.set_num_threads(recorded)


def test_memory_that_runs_out_in_a_validation_is_one_message(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    whole = train(CASES[0], pairs, tmp_path, "whole").path
    monkeypatch.setattr(Validator, "validate_splits", starve)
    with pytest.raises(RunError, match="memory ran out at step 3, in a validation"):
        train(CASES[0], pairs, tmp_path, "run")
    monkeypatch.undo()
    resume(tmp_path / "run")
    assert contents(tmp_path / "run", 6) == contents(whole, 6)
