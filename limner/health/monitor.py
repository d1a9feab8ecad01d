"""Runs the detectors over a history, and says what is new: what began, and what has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from limner.config.source import read_yaml
from limner.health.copying import Copying
from limner.health.detector import Detector, History
from limner.health.non_finite import NonFinite
from limner.runs.declaration import read_declaration
from limner.runs.folder import RunFolder
from limner.runs.logs import Finding, MetricsRow, read_metrics
from limner.runs.reading import dig

DETECTORS: tuple[Detector, ...] = (NonFinite(), Copying())
"""All of them."""


class Monitor:
    """Watches one run, live or from its log.

    Args:
        directions: see `History`.
        rows: what the run has logged before.
        remedies: instead of a detector's own, by its name.
        detectors: what it looks for.
    """

    def __init__(
        self,
        directions: Sequence[str] = ("",),
        rows: Iterable[MetricsRow] = (),
        remedies: Mapping[str, Sequence[str]] | None = None,
        detectors: Sequence[Detector] = DETECTORS,
    ) -> None:
        self._directions = tuple(directions)
        self._detectors, self._remedies = detectors, remedies or {}
        self._open: list[list[str]] = []
        self._rows = list(rows)

    def check(self, row: MetricsRow, share: float | None = None) -> list[Finding]:
        """What is new after a line of the log: findings that begin, and with `ended` set those that are over.

        Args:
            row: the line.
            share: of the run that is done, where that is known.
        """
        self._rows.append(row)
        news: list[Finding] = []
        for detector in self._detectors:
            if detector.looks_at(row):
                news += self._news(detector, History(self._rows, share, self._directions), row.step)
        return news

    def _news(self, detector: Detector, history: History, step: int) -> list[Finding]:
        found = {finding.direction: self._with_remedies(finding) for finding in detector.check(history)}
        before = [direction for name, direction in self._open if name == detector.name]
        begun = [finding for direction, finding in found.items() if direction not in before]
        over = [direction for direction in before if direction not in found]
        self._open = [each for each in self._open if each[0] != detector.name]
        self._open += [[detector.name, direction] for direction in found]
        ends = [
            Finding(step, detector.name, "severe", f"{detector.name} has ended", direction=direction, ended=True)
            for direction in over
        ]
        return begun + ends

    def _with_remedies(self, finding: Finding) -> Finding:
        return replace(finding, remedies=tuple(self._remedies.get(finding.detector, finding.remedies)))

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps: the findings that are open."""
        return {"open": self._open}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._open = [list(each) for each in state["open"]]


def check_run(run: RunFolder) -> list[Finding]:
    """Everything that the monitor says of a run, from its folder.

    How much of it is done is unknown for a run by the clock: the log has the seconds of the steps alone.

    Raises:
        RunError: its log or what it declares is damaged.
    """
    declared = read_declaration(run)
    recipe = read_yaml(run.recipe_path, run.recipe_path.name).values
    steps, epochs = dig(recipe, "training.steps"), dig(recipe, "training.epochs")
    directions = declared.directions if declared and len(declared.directions) > 1 else ("",)
    monitor = Monitor(directions, remedies=declared.remedies if declared else None)

    def share(row: MetricsRow) -> float | None:
        if steps:
            return row.step / float(steps)
        return row.epoch / float(epochs) if epochs else None

    return [finding for row in read_metrics(run.metrics_path) for finding in monitor.check(row, share(row))]
