"""One sitting of training: a trainer in a run folder, with all that surrounds it, in this process."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from io import StringIO
from types import FrameType
from typing import Any

from rich.console import Console as Terminal

from limner.config.data import LabelledDataSettings
from limner.config.recipe import Recipe
from limner.data.decoded import OnProgress
from limner.data.open import open_data
from limner.data.splits import Splits
from limner.distributed import Processes
from limner.errors import RecipeError
from limner.methods import build_method
from limner.metrics import METRICS
from limner.metrics.lpips import lpips_if_there
from limner.models import ImageGenerator, Translator
from limner.runs.checkpoint import Checkpoint
from limner.runs.declaration import (
    MetricDeclaration,
    ModelDeclaration,
    RunDeclaration,
    TermDeclaration,
    write_declaration,
)
from limner.runs.folder import RunFolder
from limner.synthetic.cached import with_synthetic
from limner.training.console import Console
from limner.training.device import make_repeatable, slow_precision
from limner.training.malloc import freed_memory_kept
from limner.training.state import frozen_networks
from limner.training.trackers import open_tracker
from limner.training.trainer import Stop, Trainer

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the names of a norm's buffers, which play no part in training."""


@contextmanager
def training_session(
    recipe: Recipe,
    splits: Splits,
    run: RunFolder,
    processes: Processes,
    checkpoint: Checkpoint | None = None,
    notes: Sequence[str] = (),
    terminal: Terminal | None = None,
    stop: Stop | None = None,
) -> Iterator[Trainer]:
    """A trainer in a run folder that the caller has locked.

    Inside, Ctrl-C stops it after the present step, everything said is shown and logged, and the tracker is open.

    Args:
        checkpoint: what to go on from; None begins at step 0.
        notes: what a reader of the run must know of how it goes on.
        terminal: where progress is shown; by default standard error. Only the main process shows any.
    """
    stop = stop or Stop()
    terminal = terminal if processes.is_main else Terminal(file=StringIO())
    memory = freed_memory_kept() if processes.device.type == "cpu" else nullcontext()
    with memory, Console(run.log_path if processes.is_main else None, terminal) as console:
        step = checkpoint.state["step"] if checkpoint else None
        kind = recipe.tracking if processes.is_main else "none"
        with closing(open_tracker(kind, run, recipe, console.say, resumed_at=step)) as tracker:
            watching = {"console": console, "tracker": tracker}
            trainer = Trainer(recipe, build_method(recipe), splits, run, processes, watching, checkpoint, stop)
            not_repeatable = make_repeatable(processes.device)
            with closing(trainer), _stopping(stop, console, shlex.quote(str(run.path))):
                if processes.is_main:
                    _introduce(trainer, console, checkpoint, notes, not_repeatable)
                    write_declaration(run, declare(trainer))
                yield trainer


def open_images(recipe: Recipe, terminal: Terminal | None = None) -> Splits:
    """Find, check and decode the images of a recipe, showing how far it is.

    Raises:
        RecipeError: the recipe does not say where they are.
        DataError: there are none, or too many are bad.
    """
    settings = recipe.data
    if settings.path is None and settings.synthetic is None:
        raise RecipeError("data.path is not set: where are the pictures?", "add data.path=FOLDER")
    terminal = terminal or Terminal(stderr=True, highlight=False)
    with terminal.status("looking at the pictures") as status:

        def tell(what: str) -> OnProgress:
            return lambda done, total: status.update(f"{what} {done}/{total}")

        settings = with_synthetic(settings, tell("drawing facades"))
        return open_data(settings, recipe.seed, tell("decoding pictures"))


def with_classes(recipe: Recipe, splits: Splits) -> Recipe:
    """The recipe with the names of the classes that were found, where there are classes: a method is built for them."""
    if not isinstance(recipe.data, LabelledDataSettings):
        return recipe
    data = recipe.data.model_copy(update={"classes": tuple(splits.report.classes)})
    return recipe.model_copy(update={"data": data})


def declare(trainer: Trainer) -> RunDeclaration:
    """What the run is and what its numbers mean, as its method, model and metrics say it."""
    method, recipe, splits = trainer.method, trainer.recipe, trainer.splits
    model = method.model
    references = [split.references(1) for split in (splits.train, splits.validation) if len(split)]
    measured = {metric.name for each in references for metric in trainer.validator.metrics(each)}
    return RunDeclaration(
        task=model.task,
        directions=list(model.directions) if isinstance(model, Translator) else [],
        domains=any(each.domains for each in references),
        targets=bool(len(splits.validation)) and references[-1].targets is not None,
        classes=list(model.classes) if isinstance(model, ImageGenerator) else [],
        model=ModelDeclaration(
            title=model.title,
            parameters=sum(parameter.numel() for parameter in model.parameters()) // model.network_count,
            networks=model.network_count,
        ),
        metrics=[
            MetricDeclaration(
                name=each.name,
                title=each.title,
                sentence=each.sentence,
                better=each.better,
                reference=each.reference,
                copy_wins=each.copy_wins,
            )
            for each in METRICS
            if each.name in measured
        ],
        remedies={name: list(words) for name, words in recipe.remedies.items()},
        terms=[TermDeclaration(tag=tag, **asdict(curve)) for tag, curve in recipe.curves.items()],
    )


def _introduce(
    trainer: Trainer, console: Console, checkpoint: Checkpoint | None, notes: Sequence[str], not_repeatable: str | None
) -> None:
    """Everything that a person should know before the first step; a bad file of LPIPS weights is met here too."""
    if checkpoint is not None or notes:
        trainer.event("resumed", f"resumed at step {trainer.progress.step}")
    for note in [*notes, *_kept_by_others(trainer, checkpoint)]:
        trainer.event("note", note)
    lpips = lpips_if_there()
    caveats = [
        *trainer.splits.report.remarks(),
        _by_the_clock(trainer),
        not_repeatable,
        slow_precision(trainer.engine.device, trainer.recipe.precision),
        f"LPIPS is measured with {lpips.weights.path} ({lpips.weights.mark})" if lpips else None,
    ]
    for caveat in caveats:
        if caveat is not None:
            console.say(caveat)


def _by_the_clock(trainer: Trainer) -> str | None:
    if trainer.cadence.limit is None:
        return None
    return "the run ends by the clock: repeated, it will not end at the same step"


def _kept_by_others(trainer: Trainer, checkpoint: Checkpoint | None) -> list[str]:
    """A checkpoint holds the first process's buffers; norm statistics aside, the others' may have been different."""
    if checkpoint is None or trainer.processes.world_size == 1:
        return []
    frozen = frozen_networks(trainer.method)
    own = sorted(
        name
        for name, _ in trainer.method.named_buffers()
        if not name.endswith(_STATISTICS) and name.partition(".")[0] not in frozen
    )
    return [f"inexact: the processes go on with the first one's {', '.join(own)}"] if own else []


@contextmanager
def _stopping(stop: Stop, console: Console, run: str) -> Iterator[None]:
    """Ctrl-C and a polite kill end training after the present step; a second Ctrl-C ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            console.say(f"stopped at once. To go on from the newest checkpoint:\n  limner train --resume {run}")
            raise KeyboardInterrupt
        stop.asked = True
        console.say("stopping after this step and saving; press Ctrl-C again to stop at once")

    before: Mapping[int, Any] = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
