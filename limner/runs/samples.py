"""The sample images of a run, declared: `samples/index.json` for those followed through training,
`samples/validation.json` for the ranked ones of the newest validation.

samples/
  index.json        which images stand beside one another, under which titles
  input/..., ...    images that stay the same
  step-000100/...   images as they were after 100 steps
  grid-000100.png   the same on one sheet
  validation.json   the ranked images of the newest validation, and where they lie
"""

from __future__ import annotations

import math
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeInt, model_validator

from limner.config.base import Settings
from limner.errors import RunError
from limner.files import write_atomically
from limner.runs.documents import read_model
from limner.runs.folder import RunFolder

_STEP = "{step}"
_FOLDER = re.compile(r"step-(\d{1,12})")
_GRID = re.compile(r"grid-(\d{1,12})\.png")


def _below(path: str) -> str:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\:\x00-\x1f]", path):
        raise ValueError("an image is named by a path below samples/")
    return path


def _once(names: Iterable[str], what: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"{what} {repeated[0]!r} is there twice")


ImagePath = Annotated[str, AfterValidator(_below)]
"""A path below `samples/`, with / between its parts; it never leads out."""


class Column(Settings):
    """One place in the rows of a group."""

    key: str
    """Names the image in each row: input, output, round_trip, target, a class, ..."""
    title: str
    """What stands at it; empty where nothing needs to be said."""


class SampleRow(Settings):
    """Images that stand beside one another."""

    name: str
    """Unique in the group; names files."""
    title: str
    """What a person reads beside the row."""
    images: dict[str, ImagePath]
    """By the key of a column. A path with {step} in it changes through training: that field is the step in six digits
    (`step-{step}/val-00-output.png`). A column without an image in a row is missing there."""
    scores: dict[str, float] = {}
    """Numbers of this row alone, by the name of a metric."""


class SampleGroup(Settings):
    """Rows of the same columns beneath one heading."""

    key: str
    """Unique in the document: val, train-AtoB, best, ..."""
    title: str
    """The heading."""
    split: Literal["train", "val", ""] = ""
    """Whose images they are; empty for those that are made from noise."""
    direction: Literal["AtoB", "BtoA", ""] = ""
    """Where the model has several directions; else empty."""
    columns: list[Column]
    """From left to right."""
    rows: list[SampleRow]
    """From top to bottom."""

    @model_validator(mode="after")
    def _unique(self) -> Self:
        _once((column.key for column in self.columns), "column")
        _once((row.name for row in self.rows), "row")
        return self


class SampleIndex(Settings):
    """The document in either file."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    step: NonNegativeInt | None = None
    """Of `validation.json`: the step of the validation."""
    ranked_by: str = ""
    """Of `validation.json`: the name of the metric that orders the rows."""
    sentence: str = ""
    """What a person should know of the order, or of the images."""
    groups: list[SampleGroup]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        _once((group.key for group in self.groups), "group")
        return self


def write_index(run: RunFolder, index: SampleIndex) -> None:
    """Write `samples/index.json`, whole or not at all; the images that do not change may be written before or after.

    Raises:
        RunError: it cannot be written.
    """
    _write(run.samples / "index.json", index)


def write_ranked(run: RunFolder, ranked: SampleIndex) -> None:
    """Write `samples/validation.json`, whole or not at all; write its images first.

    Raises:
        RunError: it cannot be written.
    """
    _write(run.samples / "validation.json", ranked)


def read_index(run: RunFolder, notes: list[str] | None = None) -> SampleIndex | None:
    """`samples/index.json`; None when there is none yet, or it was left out.

    Args:
        notes: reads tolerantly and takes the notes, see `limner.runs.documents`.

    Raises:
        RunError: in strict reading, when it is damaged or of a newer format.
    """
    return _read(run.samples / "index.json", notes)


def read_ranked(run: RunFolder, notes: list[str] | None = None) -> SampleIndex | None:
    """`samples/validation.json`, as `read_index`."""
    return _read(run.samples / "validation.json", notes)


def at_step(path: str, step: int) -> str:
    """Where an image of a row lies at a step: `step-000100/val-00.png` for `step-{step}/val-00.png`."""
    return path.replace(_STEP, f"{step:06d}")


def is_moving(path: str) -> bool:
    """Whether an image of a row changes through training."""
    return _STEP in path


def find_image(run: RunFolder, path: str) -> Path | None:
    """The file of an image of a row, see `at_step`. None when it is not there, or a link leads out of `samples/`."""
    try:
        file = (run.samples / path).resolve(strict=True)
        return file if file.is_file() and file.is_relative_to(run.samples.resolve()) else None
    except (OSError, ValueError):
        return None


def grid_path(run: RunFolder, step: int) -> Path:
    """The sheet of all followed images at a step."""
    return run.samples / f"grid-{step:06d}.png"


def sample_steps(run: RunFolder) -> list[int]:
    """The steps at which followed images were written, rising."""
    return sorted(step for path, step in _by_step(run.samples, _FOLDER) if path.is_dir())


def newest_grid(run: RunFolder) -> Path | None:
    """The newest sheet of samples."""
    return max(_by_step(run.samples, _GRID), key=lambda found: found[1], default=(None, 0))[0]


def cut_samples(run: RunFolder, step: int) -> None:
    """Remove the images of later steps, when a run goes on from an earlier checkpoint; the index stays.

    Raises:
        OSError: as the system says it.
    """
    for path, later in [*_by_step(run.samples, _FOLDER), *_by_step(run.samples, _GRID)]:
        if later > step:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if _ranked_at(run) > step:
        (run.samples / "validation.json").unlink(missing_ok=True)


def _write(path: Path, index: SampleIndex) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, index.model_dump_json(indent=1, by_alias=True) + "\n")


def _read(path: Path, notes: list[str] | None) -> SampleIndex | None:
    return read_model(path, SampleIndex, notes) if path.exists() else None


def _by_step(folder: Path, name: re.Pattern[str]) -> list[tuple[Path, int]]:
    paths = folder.iterdir() if folder.is_dir() else ()
    return [(path, int(match[1])) for path in paths if (match := name.fullmatch(path.name))]


def _ranked_at(run: RunFolder) -> float:
    try:
        ranked = read_ranked(run)
    except RunError:
        return math.inf  # damaged: the next validation writes it anew
    return -math.inf if ranked is None else math.inf if ranked.step is None else ranked.step
