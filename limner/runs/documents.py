"""The text files of a run folder, read strictly, or with one honest note for each thing that is left out.

Every function takes `notes`. None is strict: what is missing, damaged or of a newer format raises. With a list nothing
raises: what cannot be read is left out, and a sentence that says so is appended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import BaseModel, ValidationError

import limner
from limner.config.source import parse_yaml
from limner.errors import RecipeError, RunError

Json = dict[str, Any]
"""One object as it stands in a file of the run."""

SCHEMA = 1
"""The version of the run folder's files that this code writes and understands."""
LARGEST_TEXT = 256 * 1024 * 1024
"""Bytes; a larger text file was not written by limner."""
DEEPEST = 50
"""Levels of nesting; what walks through a deeper document would run out of stack."""

_UPGRADE = "update limner: pip install --upgrade limner"

Row = TypeVar("Row")
Model = TypeVar("Model", bound=BaseModel)


def object_text(document: Mapping[str, Any]) -> str:
    """One object as `read_object` reads it."""
    return json.dumps(document, indent=1) + "\n"


def read_object(path: Path, notes: list[str] | None = None) -> Json:
    """One JSON object, or one YAML mapping as a recipe is written; empty when it was left out.

    Raises:
        RunError: in strict reading, when it is missing, damaged or of a newer format.
    """
    raw = _bytes(path, notes, required=True)
    if raw is None:
        return {}
    try:
        text = raw.decode(errors="replace")
        # Recipes have no aliases, which could make a page of any size, and 0777 and 12:30:45 in them are text.
        document = parse_yaml(text, path.name).values if path.suffix == ".yaml" else json.loads(text)
        _check_depth(document)
    except (RecipeError, ValueError, RecursionError) as error:
        _damaged(path, str(error).partition("\n")[0] or type(error).__name__, notes)
        return {}
    if not isinstance(document, dict):
        _damaged(path, "it does not hold an object", notes)
        return {}
    return document if _is_readable(path, document, notes) else {}


@overload
def read_model(path: Path, model: type[Model]) -> Model: ...
@overload
def read_model(path: Path, model: type[Model], notes: list[str] | None) -> Model | None: ...
def read_model(path: Path, model: type[Model], notes: list[str] | None = None) -> Model | None:
    """One JSON document of a known form; None when it was left out.

    Raises:
        RunError: in strict reading, when it is missing, damaged or of a newer format.
    """
    raw = _bytes(path, notes, required=True)
    if raw is None:
        return None
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None  # said better by the model
    if isinstance(document, dict) and not _is_readable(path, document, notes):
        return None
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        _damaged(path, f"{place}: {first['msg']}", notes)
        return None


def read_lines(
    path: Path, build: Callable[[Json], Row], notes: list[str] | None = None, *, required: bool = False
) -> list[Row]:
    """The objects of a file of JSON lines, in their order; safe beside a living writer.

    Args:
        build: makes a row of an object; raises ValueError, TypeError or KeyError for one of another form.
        required: a missing file is worth a note. In strict reading a missing file is an empty one.

    Raises:
        RunError: in strict reading, when the file cannot be read, or a line is damaged or of a newer format.
    """
    raw = _bytes(path, notes, required=required and notes is not None)
    if raw is None:
        return []
    rows: list[Row] = []
    damaged: list[int] = []
    newer = 0
    # The last line, when it has no end, is being written at this moment.
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        try:
            document = parse_line(line)
            if document["schema"] == SCHEMA:
                rows.append(build(document))
            elif isinstance(document["schema"], int) and document["schema"] > SCHEMA:
                newer += 1
                if notes is None:
                    message = f"{path}, line {number} has format {document['schema']}; this limner reads {SCHEMA}."
                    raise RunError(message, _UPGRADE)
            else:
                raise ValueError("no known format")
        except (ValueError, TypeError, KeyError) as error:
            damaged.append(number)
            if notes is None:
                message = f"{path}, line {number} is damaged."
                raise RunError(message, "delete that line; the other lines stand alone") from error
    if notes is not None and damaged:
        which = ", ".join(map(str, damaged[:5])) + (" ..." if len(damaged) > 5 else "")
        count = "1 line is" if len(damaged) == 1 else f"{len(damaged)} lines are"
        notes.append(f"{path.name} is damaged: {count} left out (line {which}).")
    if notes is not None and newer:
        notes.append(f"{path.name} holds lines of a newer limner ({newer}), left out: upgrade limner.")
    return rows


def parse_line(line: bytes) -> Json:
    """The object of one line of a log.

    Raises:
        ValueError: it is none, or does not begin with a step.
    """
    try:
        row = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    step = row.get("step") if isinstance(row, dict) else None
    if not isinstance(step, int) or isinstance(step, bool) or step < 0:
        raise ValueError("not an object with a step")
    return dict(row)


def _bytes(path: Path, notes: list[str] | None, required: bool) -> bytes | None:
    try:
        if path.stat().st_size > LARGEST_TEXT:
            _damaged(path, f"it is larger than {LARGEST_TEXT // 2**20} MB", notes)
            return None
        return path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        if missing and not required:
            return None
        reason = error.strerror or str(error)
        if notes is None:
            raise RunError(f"{path} cannot be read: {reason}.", "check that the run is whole") from error
        trouble = "is not there (yet)" if missing else f"cannot be read ({reason})"
        notes.append(f"{path.name} {trouble}, so what it says is missing here.")
    return None


def _is_readable(path: Path, document: Json, notes: list[str] | None) -> bool:
    schema = document.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema <= SCHEMA:
        return True
    if notes is None:
        raise RunError(f"{path} has format {schema}; this limner reads {SCHEMA}.", _UPGRADE)
    notes.append(f"{path.name} was written by a newer limner, so what it says is missing here: upgrade limner.")
    return False


def _damaged(path: Path, reason: str, notes: list[str] | None) -> None:
    if notes is None:
        raise RunError(
            f"{path} is damaged, or was written by another version of limner ({reason}).",
            f"this is limner {limner.__version__}; use the one that started the run",
        )
    notes.append(f"{path.name} is damaged ({reason}), so what it says is missing here.")


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(DEEPEST):
        groups = [value for value in level if isinstance(value, dict | list)]
        if not groups:
            return
        level = [inner for group in groups for inner in (group.values() if isinstance(group, dict) else group)]
    raise ValueError("nested too deeply")
