"""Find a trained model, wherever it lies: a run folder, one of its checkpoints, or a model file."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from limner.config.load import load_recipe
from limner.errors import CheckpointError, RunError, WeightsError
from limner.files import standing
from limner.inference.model import TrainedGenerator, TrainedModel, TrainedTranslator
from limner.methods import build_model
from limner.models import ImageGenerator, Model, Translator
from limner.models.model_file import ModelCard, read_model_file
from limner.runs.checkpoint import (
    BEST,
    EMA_WEIGHTS,
    MANIFEST,
    MODEL_PREFIX,
    WEIGHTS,
    Checkpoint,
    checkpoints,
    read_checkpoint,
    step_name,
    step_of,
)
from limner.runs.folder import RECIPE, RunFolder, open_run, runs_folder
from limner.runs.tensors import tensors_from
from limner.training.device import choose_device

_CHOICE = re.compile(r"(auto|newest|best|step-(\d+))(:raw)?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A scheme such as hf:// or https://, of which a Path keeps one slash; one letter would be a drive of Windows."""
_log = logging.getLogger(__name__)


def load(path: str | Path, weights: str = "auto", device: str = "auto", runs: Path | None = None) -> TrainedModel[Any]:
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


def _load(place: Path, weights: str, device: str, runs: Path) -> TrainedModel[Any]:
    choice = _Choice.parse(weights)
    where = _device(device)
    if place.is_file():
        if choice != _Choice("auto", raw=False):
            raise RunError(f"{place} is a model file and holds one set of weights, not '{weights}'.", "leave it out")
        card, state = read_model_file(place)
        return assemble(card, state, where)
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


def _from_checkpoint(run: RunFolder, candidates: list[Path], raw: bool, device: torch.device) -> TrainedModel[Any]:
    if not run.recipe_path.is_file():
        raise RunError(f"{run.path} has no {RECIPE}, which says how to run its weights.", "copy the whole run folder")
    recipe = load_recipe(run.recipe_path, trusted=False)
    for number, path in enumerate(candidates, start=1):
        try:
            checkpoint, ema = _read(path, raw)
            break
        except CheckpointError as error:
            if number == len(candidates):
                raise
            _log.warning("%s The next one, %s, is used.", error.message, candidates[number].name)
    weights = EMA_WEIGHTS if ema else WEIGHTS
    state = tensors_from(checkpoint.file(weights), weights)
    name = checkpoint.path.name
    card = ModelCard(
        recipe=recipe,
        trained_on=recipe.data.path.name if recipe.data.path else "drawn facades",
        step=checkpoint.state.get("step") if name == BEST else step_of(name),
        ema=ema,
    )
    prefix = MODEL_PREFIX
    return assemble(
        card, {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}, device
    )


def _read(path: Path, raw: bool) -> tuple[Checkpoint, bool]:
    """The checkpoint with the one file of weights that is wanted, and whether that is the averaged one."""
    if not raw:
        checkpoint = read_checkpoint(path, only=[EMA_WEIGHTS])
        if EMA_WEIGHTS in checkpoint.names:
            return checkpoint, True
    return read_checkpoint(path, only=[WEIGHTS]), False


def assemble(card: ModelCard, state: Mapping[str, Tensor], device: torch.device) -> TrainedModel[Any]:
    """Build the model that a card describes on the device, with the weights in it.

    Args:
        card: its method says which model; imported translators may have one direction of two.
        state: the weights by name.
        device: where it runs.

    Raises:
        WeightsError: the weights belong to another network. Found out before the network takes any memory: settings of
            a few bytes may describe one of any size, weights only what their file holds.
    """
    with torch.device("meta"), _Undrawn():
        _check_shapes(_reduced(build_model(card.recipe), state).state_dict(), state)
    model = _reduced(build_model(card.recipe), state)
    model.load_state_dict(dict(state))
    model.to(device).eval().requires_grad_(False)
    if isinstance(model, Translator):
        return TrainedTranslator(card, model)
    assert isinstance(model, ImageGenerator)
    return TrainedGenerator(card, model)


def _reduced(model: Model, state: Mapping[str, Tensor]) -> Model:
    """A translator without the directions of which there are no weights at all."""
    if isinstance(model, Translator):
        there = [way for way in model.directions if any(name.startswith(f"generators.{way}.") for name in state)]
        for way in set(model.directions) - set(there) if there else ():
            del model.generators[way]
        model.directions = tuple(way for way in model.directions if way in model.generators)
    return model


def _check_shapes(described: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in described.items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in [*wanted, *found]:
        if found.get(name) != wanted.get(name):
            raise WeightsError(
                "The weights do not belong to the network that the settings describe: "
                f"{name} is {found.get(name, 'missing')}, the settings say {wanted.get(name, 'nothing of it')}.",
                "copy the model file, or the whole run folder, again from where it was made",
            )


class _Undrawn(TorchFunctionMode):
    """Initial weights are not drawn, and constants stay on the CPU.

    To draw or compute anything on the meta device torch first imports its compiler: seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (nn.init.normal_, Tensor.normal_):
            return None
        return func(*args, **{**(kwargs or {}), **({"device": "cpu"} if func is torch.tensor else {})})


def _device(name: str) -> torch.device:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise RunError(f"'{name}' names no device.", "say auto, cpu, mps, cuda or cuda:N")
    return choose_device(name)
