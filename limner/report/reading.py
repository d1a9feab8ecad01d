"""Read a run folder as it is: what is missing, half-written or damaged is left out with one honest line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from limner.config.source import parse_yaml
from limner.errors import RecipeError

Json = dict[str, Any]
"""One object as it stands in a file of the run."""

SCHEMA = 1
"""The version of the run folder's files that this code understands."""
LARGEST_TEXT = 256 * 1024 * 1024
"""Bytes; a larger text file is no file of ours."""
DEEPEST = 50
"""Levels of nesting; a deeper document is none of ours, and what walks through it would run out of stack."""


@dataclass(frozen=True)
class RunFiles:
    """The text files of one run folder. Whatever could not be read is empty here and named in `notes`.

    Attributes:
        recipe: the resolved recipe, nested as in the YAML.
        metrics: lines of `metrics.jsonl` by rising step, each with "step" and numbers by tag.
        events: lines of `events.jsonl`, in their order.
        notes: one sentence for each thing that was left out.
    """

    path: Path
    recipe: Json = field(default_factory=dict)
    environment: Json = field(default_factory=dict)
    data: Json = field(default_factory=dict)
    metrics: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @cached_property
    def tags(self) -> set[str]:
        """Every tag that was logged."""
        return {tag for line in self.metrics for tag in line}

    @property
    def step(self) -> int:
        """The last step that was logged; 0 before the first line."""
        return int(self.metrics[-1]["step"]) if self.metrics else 0


def read_run(path: Path) -> RunFiles:
    """Read the text files of a run folder; never raises for what is missing or damaged."""
    notes: list[str] = []
    metrics = [line for line in _lines(path / "metrics.jsonl", notes) if _is_step(line)]
    if not metrics and (path / "metrics.jsonl").is_file():
        notes.append("metrics.jsonl holds no finished line yet, so there are no curves.")
    metrics.sort(key=lambda line: int(line["step"]))
    return RunFiles(
        path=path,
        recipe=_mapping(path / "recipe.yaml", notes),
        environment=_mapping(path / "environment.json", notes),
        data=_mapping(path / "data.json", notes),
        metrics=metrics,
        events=_lines(path / "events.jsonl", notes, required=False),
        notes=notes,
    )


def read_json(path: Path, notes: list[str]) -> Json:
    """One JSON (or YAML) object; an empty one, and a line in `notes`, when it cannot be read."""
    return _mapping(path, notes)


def dig(document: Json, key: str) -> Any:
    """The value of a dotted key; None when it is not there."""
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _mapping(path: Path, notes: list[str]) -> Json:
    text = _text(path, notes)
    if text is None:
        return {}
    try:
        # Recipes have no aliases, which could make a page of any size, and 0777 and 12:30:45 in them are text.
        document = parse_yaml(text, path.name).values if path.suffix == ".yaml" else json.loads(text)
        _check_depth(document)
    except (RecipeError, ValueError, RecursionError) as error:
        notes.append(f"{path.name} is damaged ({_first_line(error)}), so what it says is missing here.")
        return {}
    if not isinstance(document, dict):
        notes.append(f"{path.name} does not hold an object, so what it says is missing here.")
        return {}
    if _is_newer(document):
        notes.append(f"{path.name} was written by a newer limner, so what it says is missing here: upgrade limner.")
        return {}
    return document


def _lines(path: Path, notes: list[str], required: bool = True) -> list[Json]:
    text = _text(path, notes, required)
    if text is None:
        return []
    found: list[Json] = []
    damaged: list[int] = []
    newer = 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            _check_depth(document)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            # A last line without its end is one that is being written at this moment.
            if number < len(lines):
                damaged.append(number)
        elif _is_newer(document):
            newer += 1
        else:
            found.append(document)
    if damaged:
        shown = ", ".join(map(str, damaged[:5])) + (" ..." if len(damaged) > 5 else "")
        notes.append(f"{path.name} is damaged: {_count(damaged)} left out (line {shown}).")
    if newer:
        notes.append(f"{path.name} holds {newer} lines of a newer limner, left out: upgrade limner.")
    return found


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(DEEPEST):
        groups = [value for value in level if isinstance(value, dict | list)]
        if not groups:
            return
        level = [inner for group in groups for inner in (group.values() if isinstance(group, dict) else group)]
    raise ValueError("nested too deeply")


def _text(path: Path, notes: list[str], required: bool = True) -> str | None:
    try:
        if path.stat().st_size > LARGEST_TEXT:
            notes.append(f"{path.name} is larger than {LARGEST_TEXT // 2**20} MB, so it was not read.")
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        if required:
            notes.append(f"{path.name} is not there (yet), so what it says is missing here.")
    except OSError as error:
        notes.append(f"{path.name} cannot be read ({error.strerror}), so what it says is missing here.")
    return None


def _is_step(line: Json) -> bool:
    step = line.get("step")
    return isinstance(step, int) and not isinstance(step, bool) and step >= 0


def _is_newer(document: Json) -> bool:
    schema = document.get("schema", SCHEMA)
    return isinstance(schema, int) and schema > SCHEMA


def _count(lines: list[int]) -> str:
    return "1 line is" if len(lines) == 1 else f"{len(lines)} lines are"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
