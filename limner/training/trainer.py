"""The loop: takes steps until the end, and in between logs, validates, samples and saves. The same for every method."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from enum import Enum

from limner.config.recipe import Recipe
from limner.data.batch import Batch
from limner.data.prefetch import Prefetcher
from limner.data.sampler import EpochSampler
from limner.data.splits import Splits
from limner.methods.method import Method
from limner.runs.checkpoint import BEST, Checkpoint, prune, save_checkpoint, step_name
from limner.runs.folder import RunFolder
from limner.runs.logs import Event, EventLog, MetricsLog
from limner.training.cadence import cadence
from limner.training.copying import EARLY, watch_copying
from limner.training.ema import EMA
from limner.training.graphed import engine_for
from limner.training.length import Length
from limner.training.non_finite import non_finite, non_finite_tensor
from limner.training.players import make_players
from limner.training.processes import Processes
from limner.training.progress import Narrator
from limner.training.running_means import RunningMeans, floats
from limner.training.samples import choose_samples, write_ranked
from limner.training.state import Progress, pack, unpack
from limner.training.trackers import Tracker
from limner.training.validation import Validated, Validator, by_tag

AHEAD = 4
"""Batches prepared before they are needed."""


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
        splits: the pictures.
        run: the run's folder, locked by the caller.
        processes: this process among those that train together; only its leader writes anything.
        narrator: tells people.
        tracker: gets every number and grid as well.
        checkpoint: what to go on from; None begins at step 0.
        stop: asked, the trainer saves and ends after the present step.
    """

    def __init__(
        self,
        recipe: Recipe,
        method: Method,
        splits: Splits,
        run: RunFolder,
        processes: Processes,
        narrator: Narrator,
        tracker: Tracker,
        checkpoint: Checkpoint | None = None,
        stop: Stop | None = None,
    ) -> None:
        training = recipe.training
        self.recipe, self.splits, self.run, self.narrator, self.tracker = recipe, splits, run, narrator, tracker
        self.processes = processes
        self.stop = stop or Stop()
        self.cadence = cadence(training, len(splits.train), processes.world)
        self.method = method.to(processes.device).train()
        self.players = make_players(self.method, training)
        self.ema = EMA(self.method, training.ema) if training.ema else None
        self.progress = Progress(parts=training.accumulate)
        if checkpoint is not None:
            self.progress = unpack(checkpoint, self.method, self.players, self.ema)
        self.length = Length(self.cadence, training.schedule, self.progress)
        self.window = RunningMeans(training.batch * processes.world)
        self.engine = engine_for(training, processes.device, processes.world)(
            self.method,
            self.players,
            processes.device,
            recipe.seed,
            bf16=recipe.precision == "bf16",
            clip=training.clip,
            parts=self.progress.parts,
            rank=processes.rank,
            reduce=processes.ema if processes.world > 1 else None,
            tell=self.event,
        )
        self.validate = Validator(self.engine, self.ema, recipe.seed)
        self.order = EpochSampler(len(splits.train), training.batch, recipe.seed, processes.rank, processes.world)
        self.followed = choose_samples(run.samples, splits, training.samples, self.validate.labels)
        if processes.is_main:
            self.metrics = MetricsLog(run.metrics_path)
            self.events = EventLog(run.events_path)
        self._balanced = type(method).plan is not Method.plan

    def train(self) -> Ending:
        """Train to the end of the recipe, or until `stop` is asked. A checkpoint is on the disk when it returns.

        Raises:
            RecipeError: `training.best` names a number that no validation gives.
            RunError: a loss is no longer a number, memory ran out, or the folder cannot be written.
        """
        progress, window = self.progress, self.window
        if self.processes.is_main:
            self.validate.check_best(self.recipe.training.best, self.splits)
        if replanned := self.length.replan():
            self.event("note", replanned)
        if progress.step == 0 and self.processes.is_main:
            self.followed.write_fixed()
            self._sample()
        batches = Prefetcher(self._batch, progress.batches, self.recipe.data.workers, AHEAD)
        with batches:
            window.open(batches.waited)
            window.take_up(progress.sums, progress.counts, self.processes.device)
            while not progress.finished:
                if self.processes.agree(self.stop.asked):
                    self.save()
                    return Ending.INTERRUPTED
                self._step(batches)
                progress.finished = self._done()
                if self.processes.is_main:
                    self._between(batches.waited)
        return Ending.FINISHED

    def _between(self, waited: float) -> None:
        """What is due after a step: log, validate, sample, save."""
        step, last, every = self.progress.step, self.progress.finished, self.cadence
        if step % every.log_every == 0 or last:
            self._log(waited)
        busy = time.perf_counter()
        if step % every.validate_every == 0 or last:
            self._validate()
        if step % every.sample_every == 0 or last:
            self._sample()
        if step % every.checkpoint_every == 0 or last:
            self.save()
        self.window.pause(time.perf_counter() - busy)

    def save(self) -> None:
        """Write a checkpoint of this step and drop those that the recipe does not keep."""
        if not self.processes.is_main:
            return
        training = self.recipe.training
        self._write_checkpoint(step_name(self.progress.step))
        prune(self.run.checkpoints, training.keep_last, training.keep_every)

    def close(self) -> None:
        """Close the logs."""
        if self.processes.is_main:
            self.metrics.close()
            self.events.close()

    def _write_checkpoint(self, name: str) -> None:
        self._refuse_broken()
        self.progress.parts, self.progress.total = self.engine.parts, self.cadence.total
        self.progress.sums, self.progress.counts = self.window.gathered()
        # First the logs: a checkpoint must never know of a step that they have lost.
        self.metrics.sync()
        self.events.sync()
        files, state = pack(self.method, self.players, self.ema, self.progress)
        save_checkpoint(self.run.checkpoints, name, files, state)

    def _batch(self, number: int) -> Batch:
        return self.splits.train.batch(self.order.positions(number))

    def _step(self, batches: Prefetcher[Batch]) -> None:
        progress = self.progress
        start = time.perf_counter()
        factor = self.length.rate_factor()
        for player in self.players.values():
            player.set_rate(factor)

        def draw_batch() -> Batch:
            progress.batches += 1
            return next(batches)

        values = self.engine.step(progress.step, draw_batch, progress.seen)
        if self.ema is not None:
            self.ema.update(self.method)
        if self._balanced:
            # Only a balance makes the host wait for the device. All processes must get the same turns.
            shared = {name: value.clone() for name, value in values.items()}
            if self.processes.world > 1:
                self.processes.ema([*shared.values()])
            progress.seen = floats(shared)
        progress.step += 1
        progress.seconds += time.perf_counter() - start
        self.window.add(values)

    def _done(self) -> bool:
        done = self.length.reached()
        return done if self.cadence.limit is None else self.processes.agree(done)

    def _refuse_broken(self) -> None:
        if name := non_finite_tensor(self.method, self.players, self.ema):
            raise non_finite(name, self.progress.step, self.run.checkpoints)

    def _log(self, waited: float) -> None:
        losses, rate, data_wait = self.window.close(waited)
        self._write(
            {f"train/{name}": value for name, value in losses.items()}
            | {
                **{f"train/lr/{name}": player.current_rate for name, player in self.players.items()},
                "train/images_per_second": rate,
                "train/data_wait": data_wait,
            }
        )
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if bad:
            raise non_finite(bad[0], self.progress.step, self.run.checkpoints)
        step, left = self.progress.step, self.length.seconds_left(rate / self.window.images)
        self.narrator.update(step, self.cadence.total, self._epoch(), losses, rate, data_wait, left)

    def _validate(self) -> None:
        self._refuse_broken()
        validated = self.validate.validate_splits(self.splits, self.recipe.training.evaluate)
        if "val" in validated:
            write_ranked(self.run.samples, self.progress.step, validated["val"])
            self._watch_copying(validated["val"])
        values = by_tag(validated)
        self._write(values)
        self._keep_best(values)

    def _watch_copying(self, validated: Validated) -> None:
        if self.length.share() < EARLY:
            return
        self.progress.copies, told = watch_copying(validated, self.progress.copies)
        for each in told:
            self.event(each.name, each.detail, each.direction)

    def _keep_best(self, values: dict[str, float]) -> None:
        tag, sign = self.recipe.training.best, 1 if self.recipe.training.best_is == "lowest" else -1
        if tag is None or not math.isfinite(values[tag]):
            return
        if self.progress.best is None or sign * values[tag] < sign * self.progress.best:
            self.progress.best = values[tag]
            self._write_checkpoint(BEST)

    def _sample(self) -> None:
        grid = self.followed.write(self.progress.step, self.validate)
        self.tracker.images(self.progress.step, "samples", grid)

    def _write(self, values: dict[str, float]) -> None:
        self.metrics.write(self.progress.step, self._epoch(), self.progress.seconds, values)
        self.tracker.log(self.progress.step, values)

    def _epoch(self) -> float:
        return self.order.epoch(self.progress.batches)

    def event(self, name: str, detail: str, direction: str = "") -> None:
        """Say something that a reader of the run must know, and keep it with the run."""
        self.narrator.say(detail)
        if self.processes.is_main:
            self.events.write(Event(self.progress.step, name, detail, direction))
