"""The loop: takes steps until the end, and in between logs, validates, samples and saves. The same for every method."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from enum import Enum

from limner.config.recipe import Recipe
from limner.data.batch import Batch
from limner.data.order import Order
from limner.data.prefetch import Prefetcher
from limner.data.splits import Splits
from limner.errors import RunError
from limner.methods.method import Method
from limner.training.average import WeightAverage
from limner.training.cadence import cadence
from limner.training.checkpoint import BEST, Checkpoint, prune, save_checkpoint, step_name
from limner.training.copying import EARLY, watch_copying
from limner.training.evaluation import Judge, Judged
from limner.training.graphed import engine_for
from limner.training.logs import Event, EventLog, MetricsLog
from limner.training.players import make_players
from limner.training.progress import Narrator
from limner.training.run import RunFolder
from limner.training.samples import follow, write_ranked
from limner.training.schedule import rate_factor
from limner.training.state import Progress, pack, unpack
from limner.training.team import Team
from limner.training.trackers import Tracker
from limner.training.window import Window, floats

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
        team: this process among those that train together; only its leader writes anything.
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
        team: Team,
        narrator: Narrator,
        tracker: Tracker,
        checkpoint: Checkpoint | None = None,
        stop: Stop | None = None,
    ) -> None:
        training = recipe.training
        self.recipe, self.splits, self.run, self.narrator, self.tracker = recipe, splits, run, narrator, tracker
        self.team = team
        self.stop = stop or Stop()
        self.cadence = cadence(training, len(splits.train), team.world)
        self.method = method.to(team.device).train()
        self.players = make_players(self.method, training)
        self.average = WeightAverage(self.method, training.ema) if training.ema else None
        self.progress = Progress(parts=training.accumulate)
        if checkpoint is not None:
            self.progress = unpack(checkpoint, self.method, self.players, self.average)
        self._lengthen()
        self.engine = engine_for(training, team.device, team.world)(
            self.method,
            self.players,
            team.device,
            recipe.seed,
            bf16=recipe.precision == "bf16",
            clip=training.clip,
            parts=self.progress.parts,
            rank=team.rank,
            reduce=team.average if team.world > 1 else None,
            tell=self.event,
        )
        self.judge = Judge(self.engine, self.average, recipe.seed)
        self.order = Order(len(splits.train), training.batch, recipe.seed, team.rank, team.world)
        self.followed = follow(run.samples, splits, training.samples, self.judge.labels)
        if team.leads:
            self.metrics = MetricsLog(run.metrics_path)
            self.events = EventLog(run.events_path)
        self._balanced = type(method).plan is not Method.plan

    def train(self) -> Ending:
        """Train to the end of the recipe, or until `stop` is asked. A checkpoint is on the disk when it returns.

        Raises:
            RunError: a loss is no longer a number, memory ran out, or the folder cannot be written.
        """
        progress = self.progress
        if progress.step == 0 and self.team.leads:
            self.followed.write_fixed()
            self._sample()
        window = Window(self.recipe.training.batch * self.team.world)
        batches = Prefetcher(self._batch, progress.batches, self.recipe.data.workers, AHEAD)
        with batches:
            window.open(batches.waited)
            while not self._done():
                if self.team.agree(self.stop.asked):
                    self.save()
                    return Ending.INTERRUPTED
                self._step(batches, window)
                progress.finished = self._done()
                if self.team.leads:
                    self._between(window, batches.waited)
        return Ending.FINISHED

    def _between(self, window: Window, waited: float) -> None:
        """What is due after a step: log, validate, sample, save."""
        step, last, every = self.progress.step, self.progress.finished, self.cadence
        if step % every.log_every == 0 or last:
            self._log(window, waited)
        busy = time.perf_counter()
        if step % every.validate_every == 0 or last:
            self._validate()
        if step % every.sample_every == 0 or last:
            self._sample()
        if step % every.checkpoint_every == 0 or last:
            self.save()
        window.pause(time.perf_counter() - busy)

    def save(self) -> None:
        """Write a checkpoint of this step and drop those that the recipe does not keep."""
        if not self.team.leads:
            return
        training = self.recipe.training
        self._write_checkpoint(step_name(self.progress.step))
        prune(self.run.checkpoints, training.keep_last, training.keep_every)

    def close(self) -> None:
        """Close the logs."""
        if self.team.leads:
            self.metrics.close()
            self.events.close()

    def _write_checkpoint(self, name: str) -> None:
        self.progress.parts, self.progress.total = self.engine.parts, self.cadence.total
        # First the logs: a checkpoint must never know of a step that they have lost.
        self.metrics.sync()
        self.events.sync()
        files, state = pack(self.method, self.players, self.average, self.progress)
        save_checkpoint(self.run.checkpoints, name, files, state)

    def _batch(self, number: int) -> Batch:
        return self.splits.train.batch(self.order.positions(number))

    def _step(self, batches: Prefetcher[Batch], window: Window) -> None:
        progress = self.progress
        start = time.perf_counter()
        factor = progress.held
        if factor is None:
            factor = rate_factor(self.recipe.training.schedule, progress.step, self.cadence.total)
        for player in self.players.values():
            player.set_rate(factor)

        def draw_batch() -> Batch:
            progress.batches += 1
            return next(batches)

        values = self.engine.step(progress.step, draw_batch, progress.seen)
        if self.average is not None:
            self.average.update(self.method)
        if self._balanced:
            # Two steps old by the time it is used: the host need not wait for the step just taken.
            progress.seen, progress.pending = progress.pending, floats(values)
        progress.step += 1
        progress.seconds += time.perf_counter() - start
        window.add(values)

    def _done(self) -> bool:
        if self.cadence.limit is not None:
            return self.team.agree(self.progress.seconds >= self.cadence.limit)
        return self.progress.step >= (self.cadence.total or 0)

    def _log(self, window: Window, waited: float) -> None:
        losses, rate, data_wait = window.close(waited)
        self._write(
            {f"train/{name}": value for name, value in losses.items()}
            | {
                **{f"train/lr/{name}": player.current_rate for name, player in self.players.items()},
                "train/pictures_per_second": rate,
                "train/data_wait": data_wait,
            }
        )
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if bad:
            raise RunError(
                f"{bad[0]} is no longer a number at step {self.progress.step}; training stopped. "
                f"The last checkpoint in {self.run.checkpoints} is from before.",
                "lower training.optimiser.lr, set training.clip=1, or try precision=fp32",
            )
        step = self.progress.step
        self.narrator.update(step, self.cadence.total, self._epoch(), losses, rate, data_wait, self._left(rate))

    def _validate(self) -> None:
        most, step = self.recipe.training.evaluate, self.progress.step
        values: dict[str, float] = {}
        splits = {"train": self.splits.train, "val": self.splits.validation}
        for split, pictures in ((name, split) for name, split in splits.items() if len(split)):
            judged = self.judge.judge(pictures, most)
            # Loss terms of the training split are logged as means over the steps themselves.
            known = judged.scores | (judged.losses if split == "val" else {})
            values |= {f"{split}/{name}": value for name, value in known.items()}
            if split == "val":
                write_ranked(self.run.samples, step, judged)
                self._watch_copying(judged)
        self._write(values)
        self._keep_best(values)

    def _watch_copying(self, judged: Judged) -> None:
        if self.progress.step < EARLY * (self.cadence.total or 0):
            return
        self.progress.copies, told = watch_copying(judged, self.progress.copies)
        for each in told:
            self.event(each.name, each.detail, each.direction)

    def _keep_best(self, values: dict[str, float]) -> None:
        tag, sign = self.recipe.training.best, 1 if self.recipe.training.best_is == "lowest" else -1
        if tag is None:
            return
        if tag not in values:
            raise RunError(
                f"training.best is '{tag}', but no validation gives such a number",
                f"it gives {', '.join(sorted(values))}",
            )
        if self.progress.best is None or sign * values[tag] < sign * self.progress.best:
            self.progress.best = values[tag]
            self._write_checkpoint(BEST)

    def _sample(self) -> None:
        grid = self.followed.write(self.progress.step, self.judge)
        self.tracker.pictures(self.progress.step, "samples", grid)

    def _write(self, values: dict[str, float]) -> None:
        self.metrics.write(self.progress.step, self._epoch(), self.progress.seconds, values)
        self.tracker.log(self.progress.step, values)

    def _epoch(self) -> float:
        return self.order.epoch(self.progress.batches)

    def _left(self, rate: float) -> float | None:
        if self.cadence.limit is not None:
            return max(0.0, self.cadence.limit - self.progress.seconds)
        steps = (self.cadence.total or 0) - self.progress.step
        return steps * self.recipe.training.batch * self.team.world / rate if rate else None

    def event(self, name: str, detail: str, direction: str = "") -> None:
        """Say something that a reader of the run must know, and keep it with the run."""
        self.narrator.say(detail)
        if self.team.leads:
            self.events.write(Event(self.progress.step, name, detail, direction))

    def _lengthen(self) -> None:
        progress, schedule = self.progress, self.recipe.training.schedule
        if not progress.finished or self._done():
            return
        progress.finished = False
        if schedule.kind == "linear" and progress.held is None and progress.total is not None:
            progress.held = rate_factor(schedule, progress.total - 1, progress.total)
            self.narrator.say(
                f"the learning rate had fallen to its end: going on at the last rate, {progress.held:.3g} of the base"
            )
