"""The run's diaries: one JSON object a line, appended as things happen, cut back when a run is resumed earlier."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from limner.errors import RunError
from limner.files import cannot_write, write_atomically

SCHEMA = 1

Row = TypeVar("Row")


@dataclass(frozen=True)
class MetricsRow:
    """What was logged at one step.

    Attributes:
        step: steps done.
        epoch: passes over the training pictures done, a fraction.
        seconds: time spent training so far, over all sessions of the run.
        values: numbers by tag, such as train/generator/l1; NaN and infinities among them.
    """

    step: int
    epoch: float
    seconds: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Event:
    """Something that happened at a step.

    Attributes:
        step: steps done.
        event: its name: resumed, memory-halved, copying, ...
        detail: what a person reads of it.
        direction: AtoB or BtoA when it concerns one direction of a translator that has two.
    """

    step: int
    event: str
    detail: str
    direction: str = ""


class _Lines:
    """An append-only file of JSON lines. A line that was cut short by a killed writer is removed on opening."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise cannot_write(path, error) from error
        whole = path.read_bytes()
        os.ftruncate(self._file, whole.rfind(b"\n") + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sync(self) -> None:
        """Wait until all lines are on the disk: before a checkpoint, so that none is missing after a power cut."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def close(self) -> None:
        os.close(self._file)

    def cut_after(self, step: int) -> None:
        """Remove the lines of later steps, and those that cannot be read, in one move.

        Raises:
            RunError: the file cannot be written; it is as it was.
        """
        lines = self.path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if (row := _parse(line)) is not None and row["step"] <= step]
        if kept == lines:
            return
        os.close(self._file)
        try:
            write_atomically(self.path, b"".join(kept))
        finally:
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def _append(self, row: Mapping[str, Any]) -> None:
        line = json.dumps({"schema": SCHEMA, **row}, allow_nan=False).encode() + b"\n"
        before = os.fstat(self._file).st_size
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            os.ftruncate(self._file, before)
            raise cannot_write(self.path, error) from error


class MetricsLog(_Lines):
    """Writes `metrics.jsonl`: {"schema": 1, "step": 100, "epoch": 0.25, "seconds": 12.3, "train/generator/l1": 0.31}.

    JSON has no NaN and no infinities: they are written as the strings "NaN", "Infinity", "-Infinity".

    Raises:
        RunError: on creation, `write`, `sync` and `cut_after`, when the file cannot be written.
    """

    def write(self, step: int, epoch: float, seconds: float, values: Mapping[str, float]) -> None:
        """Append one line; it is in the file, whole, when this returns."""
        plain = {tag: _to_json(float(value)) for tag, value in values.items()}
        self._append({"step": step, "epoch": epoch, "seconds": seconds, **plain})


class EventLog(_Lines):
    """Writes `events.jsonl`: {"schema": 1, "step": 100, "event": "copying", "detail": "...", "direction": "AtoB"}.

    Raises:
        RunError: as for `MetricsLog`.
    """

    def write(self, event: Event) -> None:
        """Append one line; it is in the file, whole, when this returns."""
        self._append({name: value for name, value in asdict(event).items() if name != "direction" or value})


def read_metrics(path: Path) -> list[MetricsRow]:
    """All rows in the order they were written; none when there is no file yet. Safe beside a living writer.

    Raises:
        RunError: a line is damaged, or of a newer format.
    """
    return _read(path, _metrics_row)


def read_events(path: Path) -> list[Event]:
    """All events in the order they were written; none when there is no file yet.

    Raises:
        RunError: a line is damaged, or of a newer format.
    """
    return _read(path, lambda row: Event(row["step"], row["event"], row["detail"], row.get("direction", "")))


def series(rows: Iterable[MetricsRow], tag: str) -> list[tuple[int, float]]:
    """(step, value) of one tag wherever it was logged."""
    return [(row.step, row.values[tag]) for row in rows if tag in row.values]


def _metrics_row(row: dict[str, Any]) -> MetricsRow:
    values = {tag: float(value) for tag, value in row.items() if tag not in ("schema", "step", "epoch", "seconds")}
    return MetricsRow(row["step"], row["epoch"], row["seconds"], values)


def _read(path: Path, build: Callable[[dict[str, Any]], Row]) -> list[Row]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}.", "check its permissions") from error
    rows = []
    # The last line, when it has no end, is being written at this moment.
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        row = _parse(line)
        try:
            if row is None:
                raise ValueError("not an object with a step")
            if row["schema"] != SCHEMA:
                raise RunError(
                    f"{path}, line {number} has format {row['schema']}; this limner reads {SCHEMA}.",
                    "update limner: pip install --upgrade limner",
                )
            rows.append(build(row))
        except (ValueError, TypeError, KeyError) as error:
            raise RunError(
                f"{path}, line {number} is damaged.", "delete that line; the other lines stand alone"
            ) from error
    return rows


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None


def _to_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
