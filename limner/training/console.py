"""What a person sees while a run goes on; everything said is also in the run's `log.txt`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console as Terminal
from rich.progress import BarColumn, Progress, TextColumn

from limner.runs.logs import Event, Finding, MetricsRow
from limner.training.observers import Metrics, Observer, Pace

SHOWN = 4
"""Loss totals shown on the line of progress."""
PLAIN_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


_LOGGER = logging.getLogger("limner")


class _Warnings(logging.Handler):
    """Says what limner's modules warn of while a run goes on, such as an image that turned out damaged."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


class Console(Observer, AbstractContextManager["Console"]):
    """Tells the terminal and the log file how the run goes.

    Args:
        log: the run's `log.txt`; lines are appended. None keeps no log.
        console: where people look; standard error by default.
    """

    def __init__(self, log: Path | None, console: Terminal | None = None) -> None:
        self.console = console or Terminal(stderr=True, highlight=False)
        self._log = log
        self._last_plain = 0.0
        self._warnings = _Warnings(self.say)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[line]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("training", total=None, line="")

    def __enter__(self) -> Self:
        self._progress.start()
        _LOGGER.addHandler(self._warnings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _LOGGER.removeHandler(self._warnings)
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, markup=False)
        self._note(text)

    def on_metrics(self, metrics: Metrics) -> None:
        if metrics.pace is None:
            return
        line = self._line(metrics.row, metrics.pace)
        self._progress.update(self._task, completed=metrics.row.step, total=metrics.pace.total, line=line)
        if time.monotonic() - self._last_plain >= PLAIN_EVERY or metrics.share >= 1:
            self._last_plain = time.monotonic()
            self._note(line)
            if not self.console.is_terminal:
                self.console.print(line, markup=False, soft_wrap=True)

    def on_event(self, event: Event) -> None:
        self.say(event.detail)

    def on_finding(self, finding: Finding) -> None:
        remedies = f" What to try: {'; or '.join(finding.remedies)}" if finding.remedies else ""
        self.say(f"{finding.evidence}.{remedies}")

    def _line(self, row: MetricsRow, pace: Pace) -> str:
        totals = {tag.removeprefix("train/"): value for tag, value in row.values.items() if tag.endswith("/total")}
        losses = "  ".join(f"{name.removesuffix('/total')} {value:.3g}" for name, value in list(totals.items())[:SHOWN])
        left = f"  {timedelta(seconds=round(pace.seconds_left))} left" if pace.seconds_left is not None else ""
        where = f"step {row.step}/{pace.total}" if pace.total else f"step {row.step}"
        speed = f"{pace.images_per_second:.1f} images/s  data_wait={pace.data_wait:.1%}"
        return f"{where}  epoch {row.epoch:.1f}  {losses}  {speed}{left}"

    def _note(self, text: str) -> None:
        if self._log is None:
            return
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")
