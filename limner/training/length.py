"""How long a run is, what is due after which steps, and the learning rate that follows."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.config.training import ScheduleSettings, TrainingSettings
from limner.errors import RunError
from limner.training.players import Player
from limner.training.state import Progress


class Length:
    """A run's length, and the learning rate that follows from it.

    Args:
        plan: what the recipe says now.
        progress: how far the run is; its clock goes on from here.
    """

    def __init__(self, plan: Cadence, progress: Progress) -> None:
        self._plan, self._progress = plan, progress
        self._begun = time.perf_counter() - progress.elapsed

    def reached(self) -> bool:
        """Whether the run is at its end."""
        self._progress.elapsed = time.perf_counter() - self._begun
        if self._plan.limit is not None:
            return self._progress.elapsed >= self._plan.limit
        return self._progress.step >= (self._plan.total or 0)

    def share(self) -> float:
        """The share of the run that is done, 0 to 1."""
        if self._plan.limit is not None:
            return self._progress.elapsed / self._plan.limit
        return self._progress.step / (self._plan.total or 1)

    def rate_factor(self, player: Player) -> float:
        """What a player's base learning rate is multiplied by at the next step."""
        if player.name in self._progress.held:
            return self._progress.held[player.name]
        return rate_factor(player.schedule, self._progress.step, self._plan.total)

    def seconds_left(self, steps_per_second: float) -> float | None:
        """Time until the end at this pace; None when there is no pace yet."""
        if self._plan.limit is not None:
            return max(0.0, self._plan.limit - self._progress.elapsed)
        return ((self._plan.total or 0) - self._progress.step) / steps_per_second if steps_per_second else None

    def replan(self, players: Iterable[Player]) -> list[str]:
        """Begin a session: a run that had reached its end has another one now.

        Returns:
            How learning rates go on, in words, where they are not those of a run planned so from its beginning.
        """
        progress, old, new = self._progress, self._progress.total, self._plan.total
        finished, progress.finished = progress.finished, False
        if old is None or new is None or old == new:
            return []
        said = (self._replanned(player, finished, old, new) for player in players if player.name not in progress.held)
        return list(dict.fromkeys(each for each in said if each is not None))

    def _replanned(self, player: Player, finished: bool, old: int, new: int) -> str | None:
        schedule, step = player.schedule, self._progress.step
        if finished and schedule.kind == "linear":
            held = self._progress.held[player.name] = rate_factor(schedule, old - 1, old)
            return f"the learning rate had fallen to its end: going on at the last rate, {held:.3g} of the base"
        if step == 0 or rate_factor(schedule, step - 1, old) == rate_factor(schedule, step - 1, new):
            return None
        return (
            f"the run is now {new} steps long instead of {old}: its learning rate goes on at "
            f"{rate_factor(schedule, step, new):.3g} of the base instead of "
            f"{rate_factor(schedule, step, old):.3g}; it will not equal a run planned so from the beginning"
        )


def refuse_finished(run: Path, state: Mapping[str, Any], plan: Cadence) -> None:
    """Refuse to go on with a run that is at its end already.

    Args:
        run: its folder.
        state: of the checkpoint that it would go on from.
        plan: what its recipe says now.

    Raises:
        RunError: it is; says how to lengthen it.
    """
    step, elapsed = state["step"], state.get("elapsed", 0.0)
    longer = f"to go on, lengthen it: limner train --resume {shlex.quote(str(run))} "
    if plan.limit is not None and elapsed >= plan.limit:
        done = f"it has trained for {elapsed:.0f} s, its recipe says {plan.limit:.0f} s"
        raise RunError(f"{run.name} is finished: {done}.", f"{longer}training.time={2 * elapsed:.0f}s")
    if plan.limit is None and step >= (plan.total or 0):
        done = f"it has taken {step} steps, its recipe says {plan.total}"
        raise RunError(f"{run.name} is finished: {done}.", f"{longer}training.steps={2 * step}")


def rate_factor(schedule: ScheduleSettings, step: int, total: int | None) -> float:
    """What the base rate is multiplied by at a step (0 is the first).

    linear: 1 up to `start` of the run, then a straight line that would reach 0 one step after the last
    (arXiv:1703.10593, section 4: constant, then linearly to zero).

    Args:
        total: steps of the whole run; None when it is not known, which only constant and exponential allow.
    """
    match schedule.kind:
        case "constant":
            return 1.0
        case "exponential":
            return schedule.gamma**step
        case "linear":
            if total is None:
                raise ValueError("a linear schedule needs the number of steps")
            falling = total - int(total * schedule.start)
            return min(1.0, max(0.0, (total - step) / max(falling, 1)))


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
VALIDATIONS = 50
"""Validations that a run has at most when the recipe does not say how many."""
CHECKPOINTS = 10


@dataclass(frozen=True)
class Cadence:
    """Lengths in steps.

    Attributes:
        total: steps of the run; None when it is limited by time.
        limit: seconds that the run may take; None when it is limited by steps.
        validate_every, sample_every, checkpoint_every, log_every: steps between two of each.
    """

    total: int | None
    limit: float | None
    validate_every: int
    sample_every: int
    checkpoint_every: int
    log_every: int


def cadence(training: TrainingSettings, images: int, world: int = 1) -> Cadence:
    """The cadence of a run over a training set of that many pictures, by `world` processes together."""
    batch = training.batch * world
    per_epoch = max(1, math.ceil(images / batch))
    total = training.steps
    if training.epochs is not None:
        total = math.ceil(training.epochs * images / batch)
    validate = training.validate_every or max(per_epoch, math.ceil((total or 0) / VALIDATIONS))
    return Cadence(
        total=total,
        limit=seconds(training.time) if training.time else None,
        validate_every=validate,
        sample_every=training.sample_every or validate,
        checkpoint_every=training.checkpoint_every or math.ceil((total or CHECKPOINTS * per_epoch) / CHECKPOINTS),
        log_every=training.log_every,
    )


def seconds(length: str) -> float:
    """ "90s", "30m", "2h", "1d" in seconds."""
    return float(length[:-1]) * UNITS[length[-1]]
