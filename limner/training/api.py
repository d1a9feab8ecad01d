"""Train from Python or from the command line: a new run, or one that goes on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console as Terminal

from limner.config.load import load_recipe
from limner.config.recipe import Recipe
from limner.config.save import recipe_text, save_recipe
from limner.data.splits import DataReport
from limner.distributed import single_process
from limner.errors import CheckpointError, DataError, RecipeError, RunError
from limner.files import write_atomically
from limner.runs.checkpoint import cut_after, newest_good
from limner.runs.documents import object_text, read_object
from limner.runs.environment import Environment, describe_environment
from limner.runs.folder import RunFolder, check_new_run, create_run, open_run, runs_folder
from limner.runs.lock import RunLock
from limner.runs.logs import EventLog, HealthLog, MetricsLog, MetricsRow, read_metrics
from limner.runs.samples import cut_samples
from limner.training.device import choose_device
from limner.training.launch import train_distributed
from limner.training.length import cadence, refuse_finished
from limner.training.resume import check_resume
from limner.training.session import open_images, training_session, with_classes
from limner.training.trackers import check_tracker
from limner.training.trainer import Ending, Stop

PATHS = ("path", "path_b")
"""Keys of `data` that say where pictures are."""


@dataclass(frozen=True)
class Run:
    """A run that was trained: its folder, and how the training ended."""

    path: Path
    ending: Ending

    @property
    def name(self) -> str:
        return self.path.absolute().name

    def metrics(self) -> list[MetricsRow]:
        """Everything that was logged, one row a line of `metrics.jsonl`."""
        return read_metrics(RunFolder(self.path).metrics_path)


def train(
    recipe: str | Path | Recipe,
    *,
    name: str | None = None,
    runs: Path | str | None = None,
    console: Terminal | None = None,
    stop: Stop | None = None,
    words: Sequence[str] = (),
    **overrides: Any,
) -> Run:
    """Train a new run.

    Args:
        recipe: a shipped recipe's name, a YAML file, or a recipe made in Python.
        name: the run's name; by default RECIPE-001, RECIPE-002, ...
        runs: folder below which the run is made; by default LIMNER_RUNS or `runs`.
        console: where progress is shown; by default standard error.
        stop: asked from another thread, training saves and ends; not with several devices.
        words: overrides as on the command line, such as "loss.l1=10".
        **overrides: dotted keys of the recipe: `**{"loss.l1": 10, "training.steps": 500}`.

    Raises:
        LimnerError: the recipe, the pictures or the folder cannot be used; nothing was started.
    """
    words = [*words, *(f"{key}={_yaml(value)}" for key, value in overrides.items())]
    if isinstance(recipe, Recipe):
        if words:
            raise RecipeError("a recipe made in Python takes no overrides", "use recipe.model_copy(update=...)")
        title = recipe.method
    else:
        title, recipe = str(recipe), load_recipe(recipe, words)
    _refuse_stop(recipe, stop)
    device = choose_device(recipe.device)
    check_tracker(recipe.tracking)
    check_new_run(runs_folder(Path(runs) if runs else None), name)
    recipe = _rooted(recipe)
    splits = open_images(recipe, console)
    recipe = with_classes(recipe, splits)
    files = {
        "recipe.yaml": recipe_text(recipe),
        "environment.json": describe_environment(torch.get_num_threads(), str(device)).text(),
        "data.json": object_text(splits.report.as_json()),
    }
    run = create_run(runs_folder(Path(runs) if runs else None), name, title, files)
    with RunLock(run.path):
        if recipe.devices > 1:
            return Run(run.path, train_distributed(recipe, run, device, []))
        alone = single_process(device)
        with training_session(recipe, splits, run, alone, terminal=console, stop=stop) as trainer:
            return Run(run.path, trainer.train())


def resume(
    run: str | Path,
    overrides: Sequence[str] = (),
    *,
    runs: Path | None = None,
    inexact: bool = False,
    console: Terminal | None = None,
    stop: Stop | None = None,
) -> Run:
    """Go on with a run from its newest undamaged checkpoint, bit-exactly as if it had never stopped.

    Args:
        run: name or folder of the run.
        overrides: only lengths, intervals, workers and tracking may change, unless `inexact`.
        inexact: go on although the result will differ from an uninterrupted run; the run records why.

    Raises:
        RunError: something differs from when the run began, another process writes to it, it is finished, or every
            checkpoint is bad.
    """
    folder = open_run(run, runs_folder(runs))
    with RunLock(folder.path):
        saved = load_recipe(folder.recipe_path)
        recipe = load_recipe(folder.recipe_path, overrides)
        _refuse_stop(recipe, stop)
        then = Environment.load(folder.environment_path)
        torch.set_num_threads(then.threads)
        now = describe_environment(torch.get_num_threads(), str(choose_device(recipe.device)))
        differences = check_resume(saved, recipe, then, now, inexact)
        device = choose_device(recipe.device)
        recipe = _rooted(recipe)
        _refuse_moved(folder, recipe)
        splits = open_images(recipe, console)
        differences += _changed_images(folder, splits.report, inexact)
        notes: list[str] = []
        checkpoint = newest_good(folder.checkpoints, notes.append)
        if checkpoint is None and notes:
            raise CheckpointError(
                f"No checkpoint of {folder.name} can be used: {notes[0]} Nothing was changed.",
                "restore one from a copy, or begin again as a new run: "
                f"limner train {shlex.quote(str(folder.recipe_path))}",
            )
        if checkpoint is not None:
            refuse_finished(folder.path, checkpoint.state, cadence(recipe.training, len(splits.train), recipe.devices))
        _forget_after(folder, checkpoint.state["step"] if checkpoint else 0)
        save_recipe(recipe, folder.recipe_path)
        if differences:
            now.save(folder.environment_path)
            write_atomically(folder.data_path, object_text(splits.report.as_json()))
            notes += [f"inexact: {difference}" for difference in differences]
        if recipe.devices > 1:
            return Run(folder.path, train_distributed(recipe, folder, device, notes))
        alone = single_process(device)
        with training_session(recipe, splits, folder, alone, checkpoint, notes, console, stop) as trainer:
            return Run(folder.path, trainer.train())


def _rooted(recipe: Recipe) -> Recipe:
    """The recipe with whole paths of its pictures: a run is gone on with from any folder."""
    data = recipe.data
    paths = {key: getattr(data, key, None) for key in PATHS}
    whole = {key: path.expanduser().absolute() for key, path in paths.items() if path is not None}
    return recipe.model_copy(update={"data": data.model_copy(update=whole)})


def _refuse_moved(run: RunFolder, recipe: Recipe) -> None:
    for key in PATHS:
        path = getattr(recipe.data, key, None)
        if path is not None and not path.exists():
            raise DataError(
                f"The pictures of {run.name} are not at {path} any more.",
                f"if they were moved: limner train --resume {shlex.quote(str(run.path))} data.{key}=FOLDER",
            )


def _refuse_stop(recipe: Recipe, stop: Stop | None) -> None:
    if recipe.devices > 1 and stop is not None:
        raise RunError("training on several devices cannot be stopped by `stop`", "interrupt it with Ctrl-C")


def _forget_after(run: RunFolder, step: int) -> None:
    """Remove what was written after the checkpoint that the run goes on from: it is written again."""
    cut_after(run.checkpoints, step)
    for log in (MetricsLog(run.metrics_path), EventLog(run.events_path), HealthLog(run.health_path)):
        with log:
            log.cut_after(step)
    cut_samples(run, step)


def _changed_images(run: RunFolder, now: DataReport, inexact: bool) -> list[str]:
    then = read_object(run.data_path).get("fingerprint")
    if then is None:
        raise RunError(f"{run.data_path} is damaged.", "restore it from a copy, or begin again as a new run")
    if then == now.fingerprint:
        return []
    if not inexact:
        raise RunError(
            "the pictures have changed since the run began, so it cannot go on exactly",
            "put them back as they were, or go on anyway with --inexact, which the run records",
        )
    return ["the pictures have changed since the run began"]


def _yaml(value: Any) -> str:
    """A value as YAML reads it back; JSON is YAML, and quotes what would mean something else (`a: b`, `#1`)."""
    return json.dumps(str(value) if isinstance(value, Path) else value)
