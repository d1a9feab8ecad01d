"""The run's logs: one JSON object a line, appended as things happen, cut back when a run is resumed earlier."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from limner.files import cannot_write, write_atomically
from limner.runs.documents import SCHEMA, Json, parse_line, read_lines


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
        event: its name: resumed, memory-halved, ...
        detail: what a person reads of it.
        direction: AtoB or BtoA when it concerns one direction of a translator that has two.
    """

    step: int
    event: str
    detail: str
    direction: str = ""


Severity = Literal["fatal", "severe", "warning"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Finding:
    """What a detector of the health monitor found, or that it has ended.

    Attributes:
        step: steps done.
        detector: its name; a detector has at most one open finding in each direction.
        severity: fatal when training stopped, severe when it should not go on like this.
        evidence: one sentence with the numbers.
        remedies: what to do, one sentence or setting each; the first one first.
        direction: AtoB or BtoA when it concerns one direction of a translator that has two.
        ended: closes the open finding of this detector and direction.
    """

    step: int
    detector: str
    severity: Severity
    evidence: str
    remedies: tuple[str, ...] = ()
    direction: str = ""
    ended: bool = False


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
        kept = [line for line in lines if _step(line) <= step]
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
    """Writes `events.jsonl`: {"schema": 1, "step": 100, "event": "resumed", "detail": "...", "direction": "AtoB"}.

    Raises:
        RunError: as for `MetricsLog`.
    """

    def write(self, event: Event) -> None:
        """Append one line; it is in the file, whole, when this returns."""
        self._append({name: value for name, value in asdict(event).items() if name != "direction" or value})


class HealthLog(_Lines):
    """Writes `health.jsonl`: {"schema": 1, "step": 100, "detector": "copying", "severity": "severe", "evidence": "...",
    "remedies": ["..."], "direction": "AtoB", "ended": false}.

    Raises:
        RunError: as for `MetricsLog`.
    """

    def write(self, finding: Finding) -> None:
        """Append one line; it is in the file, whole, when this returns."""
        self._append(asdict(finding))


def read_metrics(path: Path, notes: list[str] | None = None) -> list[MetricsRow]:
    """All rows in the order they were written; none when there is no file yet. Safe beside a living writer.

    Args:
        notes: reads tolerantly and takes the notes, see `limner.runs.documents`.

    Raises:
        RunError: a line is damaged, or of a newer format.
    """
    return read_lines(path, _metrics_row, notes, required=True)


def read_events(path: Path, notes: list[str] | None = None) -> list[Event]:
    """All events in the order they were written; otherwise as `read_metrics`."""
    return read_lines(path, _event, notes)


def read_findings(path: Path, notes: list[str] | None = None) -> list[Finding]:
    """All findings in the order they were written; otherwise as `read_metrics`."""
    return read_lines(path, _finding, notes)


def open_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Those that have not ended, as they were said last, with the step at which they began."""
    found: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = finding.detector, finding.direction
        if finding.ended:
            found.pop(key, None)
        else:
            found[key] = replace(finding, step=found[key].step if key in found else finding.step)
    return list(found.values())


def _metrics_row(row: Json) -> MetricsRow:
    values = {tag: float(value) for tag, value in row.items() if tag not in ("schema", "step", "epoch", "seconds")}
    return MetricsRow(row["step"], float(row["epoch"]), float(row["seconds"]), values)


def _event(row: Json) -> Event:
    return Event(row["step"], *_texts(row["event"], row["detail"], row.get("direction", "")))


def _finding(row: Json) -> Finding:
    detector, severity, evidence, direction = _texts(
        row["detector"], row["severity"], row["evidence"], row["direction"]
    )
    if severity not in SEVERITIES or not isinstance(row["remedies"], list):
        raise ValueError("not a finding")
    remedies = tuple(_texts(*row["remedies"]))
    kind = SEVERITIES[SEVERITIES.index(severity)]
    return Finding(row["step"], detector, kind, evidence, remedies, direction, row["ended"] is True)


def _texts(*values: object) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("not a text")
    return [str(value) for value in values]


def _step(line: bytes) -> float:
    """The step of a line; infinity for one that cannot be read."""
    try:
        return int(parse_line(line)["step"])
    except ValueError:
        return math.inf


def _to_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
