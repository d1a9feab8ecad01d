"""What a person sees while a run goes on; everything said is also in the run's `log.txt`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

SHOWN = 4
"""Loss totals shown on the line of progress."""
PLAIN_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""
SMOOTHING = 0.9
"""Share of the old value in the smoothed losses."""


class Narrator(AbstractContextManager["Narrator"]):
    """Tells the terminal and the log file how the run goes.

    Args:
        log: the run's `log.txt`; lines are appended. None keeps no log.
        console: where people look; standard error by default.
    """

    def __init__(self, log: Path | None, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._log = log
        self._smooth: dict[str, float] = {}
        self._last_plain = 0.0
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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, markup=False)
        self._note(text)

    def update(
        self,
        step: int,
        total: int | None,
        epoch: float,
        losses: Mapping[str, float],
        images_per_second: float,
        data_wait: float,
        left: float | None,
    ) -> None:
        """The line of progress after some steps.

        Args:
            losses: means since the last call, by "<loss>/<term>".
            data_wait: share of the time spent waiting for pictures, 0..1.
            left: seconds that the run will still take, if that can be known.
        """
        for name, value in losses.items():
            self._smooth[name] = SMOOTHING * self._smooth.get(name, value) + (1 - SMOOTHING) * value
        line = self._line(step, total, epoch, images_per_second, data_wait, left)
        self._progress.update(self._task, completed=step, total=total, line=line)
        if time.monotonic() - self._last_plain >= PLAIN_EVERY:
            self._last_plain = time.monotonic()
            self._note(line)
            if not self.console.is_terminal:
                self.console.print(line, markup=False, soft_wrap=True)

    def _line(
        self, step: int, total: int | None, epoch: float, rate: float, data_wait: float, left: float | None
    ) -> str:
        totals = [name for name in self._smooth if name.endswith("/total")][:SHOWN]
        losses = "  ".join(f"{name.removesuffix('/total')} {self._smooth[name]:.3g}" for name in totals)
        remaining = f"  {timedelta(seconds=round(left))} left" if left is not None else ""
        where = f"step {step}/{total}" if total else f"step {step}"
        return f"{where}  epoch {epoch:.1f}  {losses}  {rate:.1f} pictures/s  data_wait={data_wait:.1%}{remaining}"

    def _note(self, text: str) -> None:
        if self._log is None:
            return
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")
