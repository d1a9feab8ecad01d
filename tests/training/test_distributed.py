"""Two processes with one picture each learn what one process learns from two pictures."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from cases import CASES, TINY
from rich.console import Console
from sessions import train as run_of

import limner
from limner.config.load import load_recipe
from limner.config.recipe import Recipe
from limner.distributed import Processes
from limner.errors import RunError
from limner.methods import build_method
from limner.runs.checkpoint import Checkpoint, read_checkpoint
from limner.runs.tensors import tensors_from
from limner.training.session import _kept_by_others
from limner.training.trainer import Stop

pytest.importorskip("lightning_fabric")

ALIKE = (*TINY, "generator.norm=instance", "discriminator.norm=instance", "generator.dropout=0", "training.steps=3",
         "training.checkpoint_every=1", "training.optimiser.lr=0.001")  # fmt: skip
"""Nothing that depends on which process a picture is in: no batch statistics, no dropout."""


def weights(run: limner.Run) -> dict[str, torch.Tensor]:
    checkpoint = read_checkpoint(run.path / "checkpoints" / "step-000003")
    return tensors_from(checkpoint.file("model.safetensors"))


def train(pairs: Path, runs: Path, name: str, *words: str) -> limner.Run:
    words = (*ALIKE, f"data.path={pairs}", "device=cpu", *words)
    return limner.train("pix2pix-facades", name=name, runs=runs, words=words, console=Console(file=io.StringIO()))


def test_two_processes_equal_one_with_twice_the_batch(pairs: Path, tmp_path: Path) -> None:
    one = weights(train(pairs, tmp_path, "one", "training.batch=2"))
    two = weights(train(pairs, tmp_path, "two", "training.batch=1", "devices=2"))
    for name, value in one.items():
        torch.testing.assert_close(
            two[name], value, rtol=1e-3, atol=2e-5, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_what_a_balance_goes_by_is_of_all_processes_in_a_checkpoint_too(pairs: Path, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "own-generator")
    run = run_of(case, pairs, tmp_path, "balance", "devices=2", "training.steps=3", "training.checkpoint_every=1")
    before, after = (read_checkpoint(run.path / "checkpoints" / f"step-00000{step}").state for step in (2, 3))
    assert before["pending"] == {name: after["seen"][name][-1] for name in before["pending"]} != {}


def test_a_fault_in_a_process_is_one_clear_message(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="val/beauty") as caught:
        train(pairs, tmp_path, "bad", "devices=2", "training.best=val/beauty")
    assert "val/l1" in str(caught.value.tip)
    assert not (tmp_path / "bad" / "failure.txt").exists()


def test_what_cannot_stop_it_is_refused_before_a_folder_is_made(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be stopped by `stop`"):
        limner.train("pix2pix-facades", runs=tmp_path, words=(*ALIKE, f"data.path={pairs}", "devices=2"), stop=Stop())
    assert not list(tmp_path.glob("pix2pix-facades-*"))


def test_image_pools_that_a_checkpoint_lacks_are_told(pairs: Path, tmp_path: Path) -> None:
    recipe = load_recipe(
        "cyclegan-horse2zebra", ["generator.base_channels=4", "discriminator.base_channels=4", "generator.blocks=1"]
    )
    checkpoint = Checkpoint(tmp_path, {}, (), {})

    def told(world: int, recipe: Recipe) -> list[str]:
        trainer = SimpleNamespace(processes=Processes(0, world, torch.device("cpu")), method=build_method(recipe))
        return _kept_by_others(trainer, checkpoint)  # type: ignore[arg-type]

    assert "image_pool_a.images" in told(2, recipe)[0]
    assert told(1, recipe) == []
    words = ["generator.norm=batch", "generator.base_channels=4", "discriminator.base_channels=4"]
    assert told(2, load_recipe("pix2pix-facades", words)) == []
