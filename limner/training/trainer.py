"""The loop: takes steps until the end, and in between logs, validates, samples and saves. The same for every method."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from limner.config.recipe import Recipe
from limner.data.batch import Batch
from limner.data.prefetch import Prefetcher
from limner.data.samplers import EpochSampler
from limner.data.splits import Splits
from limner.distributed import Processes
from limner.errors import RunError
from limner.evaluation import Validated, Validator
from limner.methods.method import Method
from limner.runs.checkpoint import BEST, Checkpoint, checkpoints, prune, save_checkpoint, step_name
from limner.runs.folder import RunFolder
from limner.runs.logs import Event, Finding, MetricsRow, read_metrics
from limner.training.ema import EMA
from limner.training.fixed_samples import FixedSamples
from limner.training.graphed import engine_for
from limner.training.length import Length, cadence
from limner.training.observers import BestCheckpoint, Health, Metrics, Observer, Observers, Pace, RunLogs
from limner.training.players import make_players
from limner.training.running_means import LateValues, RunningMeans
from limner.training.state import Progress, frozen_hashes, non_finite_tensor, pack, unpack

AHEAD = 4
"""Batches prepared before they are needed."""
AGREE_EVERY = 1.0
"""Seconds between two moments at which processes that train together ask one another whether to stop."""


class Ending(Enum):
    """How a session of training ended."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass
class Stop:
    """Set from outside (Ctrl-C, the studio) to end training after the present step."""

    asked: bool = False


class Trainer:
    """Trains one method in one run folder.

    Args:
        recipe: the resolved recipe.
        method: freshly built from it, on the CPU.
        splits: the images.
        run: the run's folder, locked by the caller.
        processes: this process among those that train together; only the main one writes anything.
        watching: observers beside the run's own logs, such as the console and the tracker.
        checkpoint: what to go on from; None begins at step 0.
        stop: asked, the trainer saves and ends after the present step.

    Raises:
        RecipeError: `training.best` names a number that no validation gives, or `training.optimisers` no player.
    """

    def __init__(
        self,
        recipe: Recipe,
        method: Method,
        splits: Splits,
        run: RunFolder,
        processes: Processes,
        watching: Mapping[str, Observer],
        checkpoint: Checkpoint | None = None,
        stop: Stop | None = None,
    ) -> None:
        training = recipe.training
        self.recipe, self.splits, self.run, self.processes = recipe, splits, run, processes
        self.stop = stop or Stop()
        self.cadence = cadence(training, len(splits.train), processes.world_size)
        self.method = method.to(processes.device).train()
        self.players = make_players(self.method, training)
        self.ema = EMA(self.method, training.ema) if training.ema else None
        self.progress, self._built = Progress(microbatches=training.accumulate), frozen_hashes(self.method)
        if checkpoint is not None:
            self.progress = unpack(checkpoint, self.method, self.players, self.ema)
        self.length = Length(self.cadence, self.progress)
        self.means = RunningMeans(training.batch * processes.world_size)
        balanced = type(method).plan is not Method.plan
        progress, device = self.progress, processes.device
        progress.seen.losses = frozenset(name.removesuffix("_loss") for name in dir(method) if name.endswith("_loss"))
        self.late = LateValues(progress.seen, progress.pending, device) if balanced else None
        self.engine = engine_for(training, processes.device, processes.world_size)(
            self.method,
            self.players,
            processes.device,
            recipe.seed,
            bf16=recipe.precision == "bf16",
            clip=training.clip,
            microbatches=self.progress.microbatches,
            rank=processes.rank,
            reduce=self._reduce if processes.world_size > 1 else None,
            tell=self.event,
        )
        self.validator = Validator(self.method, recipe, processes, self._averaged)
        self.sampler = EpochSampler(
            len(splits.train), training.batch, recipe.seed, processes.rank, processes.world_size
        )
        self.samples = FixedSamples(run, splits, self.validator)
        self.observers = self._observers(watching, checkpoint)
        self._stopping, self._time_is_over, self._agree_at = False, False, self.progress.step

    def train(self) -> Ending:
        """Train to the end of the recipe, or until `stop` is asked. A checkpoint is on the disk when it returns.

        Raises:
            RunError: a loss is no longer a number, memory ran out, or the folder cannot be written.
        """
        progress = self.progress
        for note in self.length.replan(self.players.values()):
            self.event("note", note)
        if progress.step == 0:
            self._sample(first=True)
        with Prefetcher(self._batch, progress.batches, self.recipe.data.workers, AHEAD) as batches:
            self.means.open(batches.waited)
            self.means.take_up(progress.sums, progress.counts, self.processes.device)
            self._agree()
            while not (progress.finished or self._stopping):
                self._step(batches)
                self._agree()
                progress.finished = self._time_is_over or progress.step >= (self.cadence.total or math.inf)
                self._between(batches.waited)
        if progress.finished:
            return Ending.FINISHED
        self._settle()
        self.save()
        return Ending.INTERRUPTED

    def save(self) -> None:
        """Write a checkpoint of this step and drop those that the recipe does not keep."""
        if self.processes.is_main:
            training = self.recipe.training
            self._write_checkpoint(step_name(self.progress.step))
            prune(self.run.checkpoints, training.keep_last, training.keep_every)

    def close(self) -> None:
        """Close the logs."""
        self.observers.close()

    def event(self, name: str, detail: str, direction: str = "") -> None:
        """Say something that a reader of the run must know, and keep it with the run."""
        self.observers.on_event(Event(self.progress.step, name, detail, direction))

    def _observers(self, watching: Mapping[str, Observer], checkpoint: Checkpoint | None) -> Observers:
        if not self.processes.is_main:
            return Observers({})
        training, written = self.recipe.training, read_metrics(self.run.metrics_path)
        observers = Observers(
            {
                "logs": RunLogs(self.run),
                **watching,
                "best": BestCheckpoint(
                    training.best, self.validator.best_is_highest(self.splits), lambda: self._write_checkpoint(BEST)
                ),
                "health": Health(list(self.validator.directions), written, self.recipe.remedies, self._on_finding),
            }
        )
        observers.load_state_dict(checkpoint.state["observers"] if checkpoint else {})
        return observers

    def _averaged(self) -> AbstractContextManager[None]:
        return self.ema.in_place_of(self.method) if self.ema else nullcontext()

    def _batch(self, number: int) -> Batch:
        return self.splits.train.batch(self.sampler.positions(number))

    def _step(self, batches: Prefetcher[Batch]) -> None:
        progress = self.progress
        start = time.perf_counter()
        for player in self.players.values():
            player.set_rate(self.length.rate_factor(player))

        def draw_batch() -> Batch:
            progress.batches += 1
            return next(batches)

        values = self.engine.step(progress.step, draw_batch, progress.seen)
        if self.ema is not None:
            self.ema.update(self.method)
        if self.late is not None:
            self._settle()  # a step without a turn shares no gradients
            self.late.push(values)
        progress.step += 1
        progress.seconds += time.perf_counter() - start
        self.means.add(values)

    def _reduce(self, gradients: Sequence[Tensor]) -> None:
        """Average gradients over the processes; with them the values that a balance goes by, which must be equal."""
        late = self.late.unshared() if self.late is not None else []
        self.processes.average([*gradients, *late])
        if self.late is not None and late:
            self.late.fetch()

    def _settle(self) -> None:
        """Average the values that a balance goes by now, not with the next gradients: a checkpoint may hold them."""
        if self.late is not None and self.processes.world_size > 1:
            self._reduce(())

    def _agree(self) -> None:
        """Whether to stop, or whether the time is over: all processes after the same step.

        Several ask one another about once a second; otherwise they wait for each other only to share gradients.
        """
        progress = self.progress
        over = self.length.reached() and self.cadence.limit is not None
        if self.processes.world_size == 1:
            self._stopping, self._time_is_over = self.stop.asked, over
        elif progress.step >= self._agree_at:
            pace = progress.step / progress.seconds if progress.seconds else 0.0
            stopping, time_is_over, pace = self.processes.highest(self.stop.asked, over, pace)
            self._stopping, self._time_is_over = bool(stopping), bool(time_is_over)
            self._agree_at = progress.step + max(1, math.floor(pace * AGREE_EVERY))

    def _between(self, waited: float) -> None:
        """What is due after a step: log, validate, sample, save."""
        step, last, every = self.progress.step, self.progress.finished, self.cadence
        if step % every.validate_every == 0 or step % every.checkpoint_every == 0 or last:
            self._settle()
        if step % every.log_every == 0 or last:
            self._log(waited)
        busy = time.perf_counter()
        try:
            if step % every.validate_every == 0 or last:
                self._validate()
            if step % every.sample_every == 0 or last:
                self._sample()
        except torch.OutOfMemoryError as error:
            raise RunError(
                f"memory ran out at step {step}, in a validation or in samples, although it suffices for the steps",
                "free memory on the device, or lower training.evaluate and training.samples; then go on with --resume",
            ) from error
        if step % every.checkpoint_every == 0 or last:
            self.save()
        self.means.pause(time.perf_counter() - busy)

    def _log(self, waited: float) -> None:
        losses, rate, data_wait = self.means.close(waited)
        values = {f"train/{name}": value for name, value in losses.items()} | {
            **{f"train/lr/{name}": player.current_rate for name, player in self.players.items()},
            "train/images_per_second": rate,
            "train/data_wait": data_wait,
        }
        left = self.length.seconds_left(rate / self.means.images)
        pace = Pace(self.cadence.total, rate, data_wait, left, self.length.share())
        self.observers.on_metrics(Metrics(self._row(values), self.length.share(), pace))

    def _validate(self) -> None:
        self._refuse_non_finite()
        validated = self.validator.validate_splits(self.splits)
        if not self.processes.is_main:
            return
        if "val" in validated:
            self.samples.write_ranked(self.progress.step, validated["val"])
        values = _by_tag(validated)
        self.observers.on_metrics(Metrics(self._row(values), self.length.share(), validated=validated))

    def _sample(self, first: bool = False) -> None:
        grid = self.samples.write(self.progress.step, first)
        if grid is not None:
            self.observers.on_samples(self.progress.step, grid)

    def _row(self, values: Mapping[str, float]) -> MetricsRow:
        progress = self.progress
        return MetricsRow(progress.step, self.sampler.epoch(progress.batches), progress.seconds, values)

    def _on_finding(self, finding: Finding) -> None:
        self.observers.on_finding(finding)
        if finding.severity == "fatal":
            raise self._diverged(finding.evidence)

    def _refuse_non_finite(self) -> None:
        if name := non_finite_tensor(self.method, self.players, self.ema):
            raise self._diverged(f"{name} is no longer a number")

    def _diverged(self, what: str) -> RunError:
        before = [path.name for path in checkpoints(self.run.checkpoints)]
        kept = (
            f"{before[-1]} in {self.run.checkpoints} is from before."
            if before
            else "No checkpoint had been written before."
        )
        return RunError(
            f"{what} at step {self.progress.step}; training stopped. {kept}",
            "lower training.optimiser.lr, set training.clip=1, or try precision=fp32",
        )

    def _write_checkpoint(self, name: str) -> None:
        self._refuse_non_finite()
        progress = self.progress
        progress.microbatches, progress.total = self.engine.microbatches, self.cadence.total
        progress.sums, progress.counts = self.means.gathered()
        # First the logs: a checkpoint must never know of a step that they have lost.
        self.observers.sync()
        progress.pending = self.late.pending() if self.late is not None else {}
        files, state = pack(self.method, self.players, self.ema, progress, self._built)
        save_checkpoint(self.run.checkpoints, name, files, state | {"observers": self.observers.state_dict()})


def _by_tag(validated: Mapping[str, Validated]) -> dict[str, float]:
    return {
        f"{split}/{name}": value
        for split, known in validated.items()
        for name, value in (known.losses | known.scores).items()
    }
