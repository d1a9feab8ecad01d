"""Training on several devices of one machine. Lightning Fabric starts the processes; the loop stays the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch

from limner.config.load import load_recipe
from limner.config.recipe import Recipe
from limner.distributed import Processes
from limner.errors import LimnerError, MissingExtraError, RecipeError, RunError
from limner.files import printable
from limner.runs.checkpoint import newest_good
from limner.runs.folder import RunFolder
from limner.training.session import open_images, training_session
from limner.training.trainer import Ending

PATIENCE = timedelta(days=1)
"""How long a process waits for the others, which wait while the main one scores a validation or writes a checkpoint."""


def train_distributed(recipe: Recipe, run: RunFolder, device: torch.device, notes: list[str]) -> Ending:
    """Train with `recipe.devices` processes, each with `training.batch` pictures a step of its own.

    Every step, each player's gradient is averaged over the processes before it moves; batch norm sees the pictures of
    its own process. The weights stay identical, so any process could be asked for them; the first writes them.

    Raises:
        MissingExtraError: Lightning Fabric is not installed.
        RecipeError: this machine has fewer devices.
        RunError: training failed in one of the processes.
    """
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise MissingExtraError("multi", "training on several devices") from error
    if device.type == "cuda" and torch.cuda.device_count() < recipe.devices:
        raise RecipeError(
            f"devices is {recipe.devices}, but this machine has {torch.cuda.device_count()}", "lower devices"
        )
    run.failure_path.unlink(missing_ok=True)
    strategy = DDPStrategy(start_method="spawn", timeout=PATIENCE)
    fabric = Fabric(accelerator=device.type, devices=recipe.devices, strategy=strategy)
    with _ctrl_c_ignored():
        try:
            fabric.launch(partial(_work, path=run.path, notes=notes, threads=torch.get_num_threads()))
        except Exception as error:
            raise _failure(run, error) from error
    newest = newest_good(run.checkpoints, lambda _: None, only=())
    finished = newest is not None and newest.state["finished"]
    return Ending.FINISHED if finished else Ending.INTERRUPTED


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Ctrl-C reaches the processes themselves; this one waits until they have saved."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(fabric: Any, path: Path, notes: list[str], threads: int) -> None:
    torch.set_num_threads(threads)
    run = RunFolder(path)
    try:
        recipe = load_recipe(run.recipe_path)
        checkpoint = newest_good(run.checkpoints, lambda _: None)
        processes = Processes(fabric.global_rank, fabric.world_size, fabric.device)
        with training_session(recipe, open_images(recipe), run, processes, checkpoint, notes) as trainer:
            trainer.train()
    except LimnerError as error:
        run.failure_path.write_text(printable(f"{error.message}\n{error.tip or ''}"), encoding="utf-8")
        raise


def _failure(run: RunFolder, error: Exception) -> RunError:
    """The message of the process that failed; the launcher's own error holds only its traceback."""
    told = run.failure_path
    if not told.is_file():
        return RunError(f"training on several devices failed: {error}", "try devices=1 to see more")
    message, _, tip = told.read_text(encoding="utf-8").partition("\n")
    told.unlink()
    return RunError(message, tip or None)
