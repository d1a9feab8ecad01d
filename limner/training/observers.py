"""What watches a run: each observer receives numbers, samples and events, and keeps its own state."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.evaluation import Validated
from limner.health import Monitor
from limner.runs.folder import RunFolder
from limner.runs.logs import Event, EventLog, Finding, HealthLog, MetricsLog, MetricsRow


@dataclass(frozen=True)
class Pace:
    """How fast a run goes.

    Attributes:
        total: steps of the run; None when it is limited by time.
        images_per_second: of all processes together.
        data_wait: share of the time spent waiting for images, 0..1.
        seconds_left: until the end, if that can be known.
        share: of the run that is done, 0..1.
    """

    total: int | None
    images_per_second: float
    data_wait: float
    seconds_left: float | None
    share: float


@dataclass(frozen=True)
class Metrics:
    """Numbers of one step: the means of the training losses since the last ones, or a validation.

    Attributes:
        row: as it is logged.
        pace: with training losses.
        validated: by split, with a validation.
        share: of the run that is done, 0..1.
    """

    row: MetricsRow
    share: float
    pace: Pace | None = None
    validated: Mapping[str, Validated] | None = None


class Observer:
    """Receives what happens; every method may be left out."""

    def on_metrics(self, metrics: Metrics) -> None:
        """Numbers of a step."""

    def on_samples(self, step: int, grid: NDArray[np.uint8]) -> None:
        """The grid of samples of a step, (H, W, 3)."""

    def on_event(self, event: Event) -> None:
        """Something that a reader of the run must know."""

    def on_finding(self, finding: Finding) -> None:
        """Something that is going wrong, or has ended to."""

    def sync(self) -> None:
        """Everything received so far is on the disk when this returns: a checkpoint follows."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it, in the types of JSON."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""

    def close(self) -> None:
        """The run ends."""


class Observers(Observer):
    """Hands everything on to each, in their order."""

    def __init__(self, observers: Mapping[str, Observer]) -> None:
        self._observers = observers

    def on_metrics(self, metrics: Metrics) -> None:
        for observer in self._observers.values():
            observer.on_metrics(metrics)

    def on_samples(self, step: int, grid: NDArray[np.uint8]) -> None:
        for observer in self._observers.values():
            observer.on_samples(step, grid)

    def on_event(self, event: Event) -> None:
        for observer in self._observers.values():
            observer.on_event(event)

    def on_finding(self, finding: Finding) -> None:
        for observer in self._observers.values():
            observer.on_finding(finding)

    def sync(self) -> None:
        for observer in self._observers.values():
            observer.sync()

    def state_dict(self) -> dict[str, Any]:
        states = {name: observer.state_dict() for name, observer in self._observers.items()}
        return {name: state for name, state in states.items() if state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, observer in self._observers.items():
            if name in state:
                observer.load_state_dict(state[name])

    def close(self) -> None:
        for observer in self._observers.values():
            observer.close()


class RunLogs(Observer):
    """Writes `metrics.jsonl`, `events.jsonl` and `health.jsonl`."""

    def __init__(self, run: RunFolder) -> None:
        self._metrics = MetricsLog(run.metrics_path)
        self._events = EventLog(run.events_path)
        self._health = HealthLog(run.health_path)

    def on_metrics(self, metrics: Metrics) -> None:
        row = metrics.row
        self._metrics.write(row.step, row.epoch, row.seconds, row.values)

    def on_event(self, event: Event) -> None:
        self._events.write(event)

    def on_finding(self, finding: Finding) -> None:
        self._health.write(finding)

    def sync(self) -> None:
        for log in (self._metrics, self._events, self._health):
            log.sync()

    def close(self) -> None:
        for log in (self._metrics, self._events, self._health):
            log.close()


class BestCheckpoint(Observer):
    """Keeps the checkpoint with the best value of one number.

    Args:
        tag: the number; None keeps none.
        highest: whether the highest value is the best.
        save: writes the checkpoint.
    """

    def __init__(self, tag: str | None, highest: bool, save: Callable[[], None]) -> None:
        self._tag, self._sign, self._save = tag, -1 if highest else 1, save
        self._best: float | None = None

    def on_metrics(self, metrics: Metrics) -> None:
        value = metrics.row.values.get(self._tag, math.nan) if self._tag and metrics.validated else math.nan
        if math.isfinite(value) and (self._best is None or self._sign * value < self._sign * self._best):
            self._best = value
            self._save()

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._best = state["best"]


class Health(Observer):
    """Runs the detectors on every line of the log, and tells what is new.

    Args:
        directions: that tags name.
        rows: what the run has logged before.
        remedies: of this method, by the detector's name.
        tell: told each finding.
    """

    def __init__(
        self,
        directions: Sequence[str],
        rows: Iterable[MetricsRow],
        remedies: Mapping[str, Sequence[str]],
        tell: Callable[[Finding], None],
    ) -> None:
        self._monitor = Monitor(directions, rows, remedies)
        self._tell = tell

    def on_metrics(self, metrics: Metrics) -> None:
        for finding in self._monitor.check(metrics.row, metrics.share):
            self._tell(finding)

    def state_dict(self) -> dict[str, Any]:
        return self._monitor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._monitor.load_state_dict(state)
