"""How far a run is from its end, by steps or by the clock, and what follows when it goes on with another length."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limner.config.training import ScheduleSettings
from limner.errors import RunError
from limner.training.cadence import Cadence
from limner.training.schedule import rate_factor
from limner.training.state import Progress


class Length:
    """A run's length, and the learning rate that follows from it.

    Args:
        plan: what the recipe says now.
        schedule: of the learning rate.
        progress: how far the run is; its clock goes on from here.
    """

    def __init__(self, plan: Cadence, schedule: ScheduleSettings, progress: Progress) -> None:
        self._plan, self._schedule, self._progress = plan, schedule, progress
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

    def rate_factor(self) -> float:
        """What the base learning rate is multiplied by at the next step."""
        if self._progress.held is not None:
            return self._progress.held
        return rate_factor(self._schedule, self._progress.step, self._plan.total)

    def seconds_left(self, steps_per_second: float) -> float | None:
        """Time until the end at this pace; None when there is no pace yet."""
        if self._plan.limit is not None:
            return max(0.0, self._plan.limit - self._progress.elapsed)
        return ((self._plan.total or 0) - self._progress.step) / steps_per_second if steps_per_second else None

    def replan(self) -> str | None:
        """Begin a session: a run that had reached its end has another one now.

        Returns:
            How the learning rate goes on, in words, where it is not that of a run planned so from its beginning.
        """
        progress, schedule, old, new = self._progress, self._schedule, self._progress.total, self._plan.total
        finished, progress.finished = progress.finished, False
        if old is None or new is None or old == new or progress.held is not None:
            return None
        if finished and schedule.kind == "linear":
            progress.held = rate_factor(schedule, old - 1, old)
            return (
                f"the learning rate had fallen to its end: going on at the last rate, {progress.held:.3g} of the base"
            )
        last = progress.step - 1
        if last < 0 or rate_factor(schedule, last, old) == rate_factor(schedule, last, new):
            return None
        return (
            f"the run is now {new} steps long instead of {old}: its learning rate goes on at "
            f"{rate_factor(schedule, progress.step, new):.3g} of the base instead of "
            f"{rate_factor(schedule, progress.step, old):.3g}; it will not equal a run planned so from the beginning"
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
