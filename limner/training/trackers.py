"""Curves and pictures for TensorBoard or Weights & Biases. The run folder has them all; a tracker only shows them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from limner.config.load import recipe_text
from limner.config.recipe import Recipe
from limner.errors import MissingExtraError
from limner.files import write_atomically
from limner.runs.folder import RunFolder
from limner.training.observers import Metrics, Observer

Grid = npt.NDArray[np.uint8]
Kind = Literal["tensorboard", "wandb", "none"]
Warn = Callable[[str], None]


def open_tracker(kind: Kind, run: RunFolder, recipe: Recipe, warn: Warn, resumed_at: int | None = None) -> Observer:
    """Open the tracker that a recipe asks for. One that fails, now or later, is reported once and dropped.

    Args:
        kind: which one.
        run: its name and folder.
        recipe: shown beside the curves.
        warn: told in one sentence when the tracker fails.
        resumed_at: the step that a resumed run goes on from: what was shown of later steps is withdrawn.

    Raises:
        MissingExtraError: W&B is asked for but not installed.
    """
    check_tracker(kind)
    if kind == "none":
        return Observer()
    open_it = _TensorBoard if kind == "tensorboard" else _WeightsAndBiases
    return _Guarded(lambda: open_it(run, recipe, warn, resumed_at), kind, warn)


def check_tracker(kind: Kind) -> None:
    """Whether a tracker can be opened at all; asked before anything is started.

    Raises:
        MissingExtraError: W&B is asked for but not installed.
    """
    if kind == "wandb" and not _installed("wandb"):
        raise MissingExtraError("wandb", "tracking=wandb")


class _Guarded(Observer):
    """Passes everything on until the first failure, so that no tracker ever stops a run."""

    def __init__(self, open_it: Callable[[], Observer], kind: str, warn: Warn) -> None:
        self._kind = kind
        self._warn = warn
        self._tracker: Observer | None = None
        self._try(lambda: setattr(self, "_tracker", open_it()))

    def on_metrics(self, metrics: Metrics) -> None:
        if (tracker := self._tracker) is not None:
            self._try(lambda: tracker.on_metrics(metrics))

    def on_samples(self, step: int, grid: Grid) -> None:
        if (tracker := self._tracker) is not None:
            self._try(lambda: tracker.on_samples(step, grid))

    def close(self) -> None:
        if (tracker := self._tracker) is not None:
            self._try(tracker.close)
            self._tracker = None

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self._tracker = None
            first = next(iter(str(error).splitlines()), "")
            reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
            self._warn(f"Tracking with {self._kind} failed and is off from here ({reason}). Training goes on.")


class _TensorBoard(Observer):
    def __init__(self, run: RunFolder, recipe: Recipe, warn: Warn, resumed_at: int | None) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # Points at purge_step and later, left by a session that got further, are hidden by TensorBoard.
        purge = None if resumed_at is None else resumed_at + 1
        self._writer = SummaryWriter(str(run.path / "tensorboard"), purge_step=purge)
        if resumed_at is None:
            self._writer.add_text("recipe", "\n".join(f"    {line}" for line in recipe_text(recipe).splitlines()))

    def on_metrics(self, metrics: Metrics) -> None:
        for tag, value in metrics.row.values.items():
            self._writer.add_scalar(tag, value, metrics.row.step)

    def on_samples(self, step: int, grid: Grid) -> None:
        self._writer.add_image("samples", grid, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class _WeightsAndBiases(Observer):
    """Honours WANDB_MODE and WANDB_PROJECT; with DO_NOT_TRACK nothing leaves the machine: the curves are kept offline.

    After a resume W&B keeps the points that it has of later steps; a bit-exact run would draw the same ones again.
    """

    def __init__(self, run: RunFolder, recipe: Recipe, warn: Warn, resumed_at: int | None) -> None:
        mode = None
        if _do_not_track() and os.environ.get("WANDB_MODE") not in ("offline", "disabled"):
            mode = "offline"
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
            warn("DO_NOT_TRACK is set: Weights & Biases works offline; `wandb sync` would send the run.")
        self._wandb = import_module("wandb")
        self._run = self._wandb.init(
            project=os.environ.get("WANDB_PROJECT", "limner"),
            name=run.name,
            id=_wandb_id(run.wandb_path),
            resume="allow",
            mode=mode,
            dir=str(run.path),
            config=recipe.model_dump(mode="json", by_alias=True),
        )

    def on_metrics(self, metrics: Metrics) -> None:
        self._run.log(dict(metrics.row.values), step=metrics.row.step)

    def on_samples(self, step: int, grid: Grid) -> None:
        self._run.log({"samples": self._wandb.Image(grid)}, step=step)

    def close(self) -> None:
        self._run.finish()


def _installed(package: str) -> bool:
    # W&B leaves folders called `wandb` behind, and Python would take one in the current folder for a package.
    spec = find_spec(package)
    return spec is not None and spec.origin is not None


def _do_not_track() -> bool:
    return os.environ.get("DO_NOT_TRACK", "0").lower() not in ("", "0", "false")


def _wandb_id(path: Path) -> str:
    """The name that W&B knows the run by, kept in the run folder: run folders of two machines may be called alike."""
    if not path.exists():
        write_atomically(path, json.dumps({"schema": 1, "id": secrets.token_hex(8)}) + "\n")
    return str(json.loads(path.read_text())["id"])
