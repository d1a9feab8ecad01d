"""Two processes with one picture each learn what one process learns from two pictures."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from cases import TINY
from rich.console import Console

import limner
from limner.errors import RunError
from limner.training.checkpoint import read_checkpoint
from limner.training.tensors import tensors_from

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


def test_a_fault_in_a_process_is_one_clear_message(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="val/beauty") as caught:
        train(pairs, tmp_path, "bad", "devices=2", "training.best=val/beauty")
    assert "val/l1" in str(caught.value.tip)
    assert not (tmp_path / "bad" / "failure.txt").exists()
