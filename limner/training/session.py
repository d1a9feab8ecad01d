"""One sitting of training: from a run folder and a checkpoint to the next checkpoint, in this process."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from io import StringIO
from types import FrameType
from typing import Any

from rich.console import Console

from limner.config.domains import DomainDataSettings
from limner.config.recipe import Recipe
from limner.data.decoded import Progress
from limner.data.domains import open_domains
from limner.data.paired import open_paired
from limner.data.splits import Splits
from limner.errors import RecipeError
from limner.methods import build_method
from limner.metrics.lpips import lpips_if_there
from limner.runs.checkpoint import Checkpoint
from limner.runs.folder import RunFolder
from limner.synthetic.cached import synthetic_images
from limner.training.device import make_repeatable, slow_precision
from limner.training.malloc import freed_memory_kept
from limner.training.processes import Processes
from limner.training.progress import Narrator
from limner.training.trackers import open_tracker
from limner.training.trainer import Ending, Stop, Trainer

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the names of a norm's buffers, which play no part in training."""


def train_session(
    recipe: Recipe,
    splits: Splits,
    run: RunFolder,
    processes: Processes,
    checkpoint: Checkpoint | None = None,
    notes: Sequence[str] = (),
    console: Console | None = None,
    stop: Stop | None = None,
) -> Ending:
    """Train in a run folder that the caller has locked, until the end of the recipe or until asked to stop.

    Args:
        checkpoint: what to go on from; None begins at step 0.
        notes: what a reader of the run must know of how it goes on.
        console: where progress is shown; by default standard error. Only the leader of a team shows any.

    Raises:
        RunError: training had to stop.
    """
    stop = stop or Stop()
    console = console if processes.is_main else Console(file=StringIO())
    memory = freed_memory_kept() if processes.device.type == "cpu" else nullcontext()
    with memory, Narrator(run.log_path if processes.is_main else None, console) as narrator:
        step = checkpoint.state["step"] if checkpoint else None
        kind = recipe.tracking if processes.is_main else "none"
        tracker = open_tracker(kind, run, recipe, narrator.say, resumed_at=step)
        with closing(tracker):
            trainer = Trainer(recipe, build_method(recipe), splits, run, processes, narrator, tracker, checkpoint, stop)
            with closing(trainer), _stopping(stop, narrator, shlex.quote(str(run.path))):
                if processes.is_main:
                    _introduce(trainer, splits, checkpoint, notes)
                return trainer.train()


def open_images(recipe: Recipe, console: Console | None = None) -> Splits:
    """Find, check and decode the pictures of a recipe, showing how far it is.

    Raises:
        RecipeError: the recipe does not say where they are.
        DataError: there are none, or too many are bad.
    """
    settings = recipe.data
    if settings.path is None and settings.synthetic is None:
        raise RecipeError("data.path is not set: where are the pictures?", "add data.path=FOLDER")
    console = console or Console(stderr=True, highlight=False)
    with console.status("looking at the pictures") as status:

        def tell(what: str) -> Progress:
            return lambda done, total: status.update(f"{what} {done}/{total}")

        if settings.path is None and settings.synthetic is not None:
            folder = synthetic_images(settings.synthetic, settings, tell("drawing facades"))
            settings = settings.model_copy(update={"path": folder})
        if isinstance(settings, DomainDataSettings):
            return open_domains(settings, recipe.seed, tell("decoding pictures"))
        return open_paired(settings, recipe.seed, tell("decoding pictures"))


def _introduce(trainer: Trainer, splits: Splits, checkpoint: Checkpoint | None, notes: Sequence[str]) -> None:
    """Everything that a person should know before the first step; a bad file of LPIPS weights is met here too."""
    if checkpoint is not None or notes:
        trainer.event("resumed", f"resumed at step {trainer.progress.step}")
    for note in [*notes, *_kept_by_others(trainer, checkpoint)]:
        trainer.event("note", note)
    lpips = lpips_if_there()
    caveats = [
        *splits.report.remarks(),
        _by_the_clock(trainer),
        make_repeatable(trainer.engine.device),
        slow_precision(trainer.engine.device, trainer.recipe.precision),
        f"LPIPS is measured with {lpips.weights.path} ({lpips.weights.mark})" if lpips else None,
    ]
    for caveat in caveats:
        if caveat is not None:
            trainer.narrator.say(caveat)


def _by_the_clock(trainer: Trainer) -> str | None:
    if trainer.cadence.limit is None:
        return None
    return "the run ends by the clock: repeated, it will not end at the same step"


def _kept_by_others(trainer: Trainer, checkpoint: Checkpoint | None) -> list[str]:
    """A checkpoint holds the first process's buffers; norm statistics aside, the others' may have been different."""
    if checkpoint is None or trainer.processes.world == 1:
        return []
    names = {name for name in trainer.method.state_dict() if not name.endswith(_STATISTICS)}
    own = sorted(names - {name for name, _ in trainer.method.named_parameters()})
    return [f"inexact: the processes go on with the first one's {', '.join(own)}"] if own else []


@contextmanager
def _stopping(stop: Stop, narrator: Narrator, run: str) -> Iterator[None]:
    """Ctrl-C and a polite kill end training after the present step; a second Ctrl-C ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            narrator.say(f"stopped at once. To go on from the newest checkpoint:\n  limner train --resume {run}")
            raise KeyboardInterrupt
        stop.asked = True
        narrator.say("stopping after this step and saving; press Ctrl-C again to stop at once")

    before: Mapping[int, Any] = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
