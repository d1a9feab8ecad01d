"""Find a trained model, wherever it lies: a run folder, one of its checkpoints, or a model file."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from limner.config.load import load_recipe
from limner.config.networks import GeneratorSettings
from limner.config.recipe import Recipe
from limner.errors import CheckpointError, LimnerError, RunError
from limner.files import standing
from limner.inference.model import PLACES, Model
from limner.methods import find_method
from limner.runs.checkpoint import BEST, MANIFEST, Checkpoint, checkpoints, read_checkpoint, step_name, step_of
from limner.runs.folder import RECIPE, RunFolder, open_run, runs_folder
from limner.runs.tensors import tensors_from
from limner.training.device import choose_device
from limner.weights.model_file import ModelCard, read_model_file

RAW, AVERAGED = "model.safetensors", "ema.safetensors"
_CHOICE = re.compile(r"(auto|newest|best|step-(\d+))(:raw)?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A scheme such as hf:// or https://, of which a Path keeps one slash; one letter would be a drive of Windows."""
_log = logging.getLogger(__name__)


def load(path: str | Path, weights: str = "auto", device: str = "auto", runs: Path | None = None) -> Model:
    """Load a trained model. Nothing in it is ever run, whoever made it.

    A run of a method that is not limner's is only loaded when the method's module is one that you trust: import it
    first, or name it in the environment variable LIMNER_METHODS.

    Args:
        path: a run folder, the name of a run, a checkpoint folder, or a model file.
        weights: for a run: "auto" takes the best checkpoint where the recipe names a metric for it, else the newest
            undamaged one; "newest"; "best"; "step-N". Averaged weights (EMA) are used where there are some, unless
            ":raw" follows.
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "mps", "cuda" or "cuda:N".
        runs: where runs are looked for by name; LIMNER_RUNS or `runs` by default.

    Raises:
        LimnerError: nothing loadable is there, it is damaged, or the choice of weights or device cannot be met.
    """
    if _ADDRESS.match(str(path)):
        raise RunError(
            f"'{path}' is an address in the network, and limner cannot load models from a hub or a server yet.",
            "download the model file, or the whole run folder, and give its path",
        )
    try:
        return _load(Path(path), weights, device, runs_folder(runs))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(
            f"{error.filename or path} cannot be read: {reason}.",
            "allow reading it and the folders around it, or copy it to where you may read it",
        ) from error


def _load(place: Path, weights: str, device: str, runs: Path) -> Model:
    choice = _Choice.parse(weights)
    where = _device(device)
    if place.is_file():
        if choice != _Choice("auto", raw=False):
            raise RunError(f"{place} is a model file and holds one set of weights, not '{weights}'.", "leave it out")
        card, state = read_model_file(place)
        return Model(card, state, where)
    if _is_checkpoint(place):
        return _from_checkpoint(RunFolder(place.absolute().parent.parent), [place], choice.raw, where)
    run = open_run(place, runs)
    return _from_checkpoint(run, list(_candidates(run, choice)), choice.raw, where)


def _is_checkpoint(place: Path) -> bool:
    with suppress(PermissionError):  # which `open_run` puts into words
        return (place / MANIFEST).is_file()
    return False


@dataclass(frozen=True)
class _Choice:
    """Which of a run's weights."""

    which: str
    raw: bool

    @classmethod
    def parse(cls, text: str) -> _Choice:
        match = _CHOICE.fullmatch(text)
        if match is None:
            raise RunError(f"'{text}' names no weights.", "say newest, best or step-N, each with or without :raw")
        which = step_name(int(match[2])) if match[2] else match[1]
        return cls(which, raw=match[3] is not None)


def _candidates(run: RunFolder, choice: _Choice) -> Iterator[Path]:
    """Checkpoint folders in the order in which they are tried; a named one is the only one."""
    steps = checkpoints(run.checkpoints)
    best = run.checkpoints / BEST
    has_best = standing(best).is_dir()
    if not steps and not has_best:
        raise CheckpointError(
            f"The run {run.path} has no checkpoint yet.",
            f"go on with it: limner train --resume {shlex.quote(str(run.path))}",
        )
    if choice.which == BEST and not has_best:
        raise CheckpointError(
            f"The run {run.path} keeps no best checkpoint.", "take --weights newest; training.best=val/l1 keeps one"
        )
    if choice.which == BEST:
        yield best
    elif choice.which in ("auto", "newest"):
        if choice.which == "auto" and has_best:
            yield best
        yield from reversed(steps)
    else:
        if run.checkpoints / choice.which not in steps:
            kept = ", ".join(path.name for path in steps)
            raise CheckpointError(f"The run {run.path} has no checkpoint {choice.which}.", f"it has {kept or BEST}")
        yield run.checkpoints / choice.which


def _from_checkpoint(run: RunFolder, candidates: list[Path], raw: bool, device: torch.device) -> Model:
    if not run.recipe_path.is_file():
        raise RunError(f"{run.path} has no {RECIPE}, which says how to run its weights.", "copy the whole run folder")
    recipe = load_recipe(run.recipe_path, trusted=False)
    for number, path in enumerate(candidates, start=1):
        try:
            checkpoint, averaged = _read(path, raw)
            break
        except CheckpointError as error:
            if number == len(candidates):
                raise
            _log.warning("%s The next one, %s, is used.", error.message, candidates[number].name)
    weights = AVERAGED if averaged else RAW
    state = tensors_from(checkpoint.file(weights), weights)
    translators = find_method(recipe).translators
    return Model(_card(recipe, checkpoint, averaged, len(translators) > 1), _of_translators(state, translators), device)


def _read(path: Path, raw: bool) -> tuple[Checkpoint, bool]:
    """The checkpoint with the one file of weights that is wanted, and whether that is the averaged one."""
    if not raw:
        checkpoint = read_checkpoint(path, only=[AVERAGED])
        if AVERAGED in checkpoint.names:
            return checkpoint, True
    return read_checkpoint(path, only=[RAW]), False


def _of_translators(state: dict[str, Tensor], translators: Sequence[str]) -> dict[str, Tensor]:
    """The translators' weights out of the whole state, called as in a model file."""
    found: dict[str, Tensor] = {}
    for place, translator in zip(PLACES, translators, strict=False):
        called = f"{place}." if len(translators) > 1 else ""
        prefix = f"{translator}."
        found |= {called + name.removeprefix(prefix): part for name, part in state.items() if name.startswith(prefix)}
    return found


def _card(recipe: Recipe, checkpoint: Checkpoint, averaged: bool, both_ways: bool) -> ModelCard:
    generator = getattr(recipe, "generator", None)
    if not isinstance(generator, GeneratorSettings):
        raise LimnerError(f"A run of method '{recipe.method}' has no generator that translates pictures.")
    name = checkpoint.path.name
    return ModelCard(
        method=recipe.method,
        generator=generator,
        use=recipe.use,
        size=recipe.data.size,
        derive=recipe.data.derive,
        direction=recipe.data.direction,
        both_ways=both_ways,
        trained_on=recipe.data.path.name if recipe.data.path else "drawn facades",
        step=checkpoint.state.get("step") if name == BEST else step_of(name),
        averaged=averaged,
    )


def _device(name: str) -> torch.device:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise RunError(f"'{name}' names no device.", "say auto, cpu, mps, cuda or cuda:N")
    return choose_device(name)
