"""Writes a folder of drawn facades for each kind of task that limner learns."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from limner.errors import DataError
from limner.files import cannot_write, new_folder, sync_folder, write_synced
from limner.synthetic.degrade import degrade
from limner.synthetic.facade import STYLE_NAMES, Facade, draw_facade

Task = Literal["labels", "daynight", "styles", "degraded"]
TASKS: tuple[str, ...] = get_args(Task)
OnProgress = Callable[[int, int], None]
"""Called after each facade with how many are done and how many there are."""

DRAWING: Final = 1
"""Version of the drawn pictures. Raise it with every change after which the same arguments give other pixels, so that
nobody takes pictures that were kept for those that would be drawn today; the test of a known facade fails then."""

_SMALLEST, _LARGEST = 32, 2048


@dataclass(frozen=True)
class _Image:
    """A file to write: its path in the folder, and how it comes from a facade."""

    path: str
    look: Callable[[Facade], npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class _Job:
    """One facade and the files that show it."""

    index: int
    images: tuple[_Image, ...]
    style: str | None = None


def make_facades(
    task: str, count: int, seed: int, out: Path | str, size: int = 256, progress: OnProgress | None = None
) -> None:
    """Draw a data set into a new folder. It appears whole or not at all.

    Args:
        task: `labels`: side-by-side pairs, label map left (A), facade right (B), in `train/ val/ test/` (80, 10, 10 %);
            `daynight`: day in `trainA testA`, night in `trainB testB`; the train halves show different buildings,
            equal names in the test halves are the same building;
            `styles`: one folder for each building style;
            `degraded`: `phone/` and `canon/`, equal names are the same picture.
        count: how many pairs, or pictures in each half, or pictures in all (`styles`).
        seed: 0 or more; facade number i of a seed is the same whatever the count.
        out: a folder that does not exist or is empty.
        size: side of the pictures in pixels.
        progress: told after each facade.

    Raises:
        DataError: an argument is impossible, or the folder is not empty.
        RunError: the folder cannot be written.
    """
    out = Path(out)
    _check(task, count, seed, size)
    _check_folder(out)
    jobs = list(_jobs(task, count))
    with new_folder(out) as folder:
        for name in dict.fromkeys(Path(image.path).parent for job in jobs for image in job.images):
            (folder / name).mkdir()
        for done, job in enumerate(jobs, 1):
            facade = draw_facade(seed, job.index, size, job.style)
            for image in job.images:
                write_synced(folder / image.path, _png(image.look(facade)))
            if progress:
                progress(done, len(jobs))
        for inner in folder.iterdir():
            sync_folder(inner)


def _jobs(task: str, count: int) -> Iterator[_Job]:
    match task:
        case "labels":
            return _labels(count)
        case "daynight":
            return _daynight(count)
        case "styles":
            return _styles(count)
    return _degraded(count)


def _labels(count: int) -> Iterator[_Job]:
    held = max(1, round(count * 0.1)) if count >= 3 else 0
    for index in range(count):
        split = "train" if index < count - 2 * held else "val" if index < count - held else "test"
        yield _Job(index, (_Image(f"{split}/{_name(index)}", _side_by_side),))


def _daynight(count: int) -> Iterator[_Job]:
    """Even facades are seen by day and odd ones by night, so that no building is in both train halves."""
    held = max(1, round(count * 0.2)) if count >= 2 else 0
    for number in range(count):
        day, night = 2 * number, 2 * number + 1
        if number < count - held:
            yield _Job(day, (_Image(f"trainA/{_name(day)}", _day),))
            yield _Job(night, (_Image(f"trainB/{_name(night)}", _night),))
        else:
            yield _Job(day, (_Image(f"testA/{_name(day)}", _day), _Image(f"testB/{_name(day)}", _night)))


def _styles(count: int) -> Iterator[_Job]:
    for index in range(count):
        style = STYLE_NAMES[index % len(STYLE_NAMES)]
        yield _Job(index, (_Image(f"{style}/{_name(index)}", _day),), style)


def _degraded(count: int) -> Iterator[_Job]:
    for index in range(count):
        name = _name(index)
        yield _Job(index, (_Image(f"phone/{name}", _phone), _Image(f"canon/{name}", _day)))


def _day(facade: Facade) -> npt.NDArray[np.uint8]:
    return facade.day


def _night(facade: Facade) -> npt.NDArray[np.uint8]:
    return facade.night


def _side_by_side(facade: Facade) -> npt.NDArray[np.uint8]:
    return np.concatenate((facade.labels, facade.day), axis=1)


def _phone(facade: Facade) -> npt.NDArray[np.uint8]:
    return degrade(facade.day, np.random.default_rng((facade.seed, facade.index, 5)))


def _name(index: int) -> str:
    return f"{index:05d}.png"


def _png(image: npt.NDArray[np.uint8]) -> bytes:
    """PNG keeps the flat colours of the labels exact; the noise of a picture leaves little to compress further."""
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _check(task: str, count: int, seed: int, size: int) -> None:
    if task not in TASKS:
        near = difflib.get_close_matches(task, TASKS, 1)
        tip = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(TASKS)}"
        raise DataError(f"There is no task '{task}' among the drawn facades.", tip)
    if count < 1:
        raise DataError(f"A data set of {count} pictures cannot be drawn.", "give a count of at least 1")
    if seed < 0:
        raise DataError(f"The seed is {seed}, but seeds are 0 or more.", "give another seed")
    if not _SMALLEST <= size <= _LARGEST:
        raise DataError(f"Facades cannot be drawn {size} pixels wide.", f"give a size of {_SMALLEST} to {_LARGEST}")


def _check_folder(out: Path) -> None:
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            what = "is not empty" if out.is_dir() else "is a file"
            raise DataError(f"{out} {what}; drawn pictures need a folder of their own.", "name a new folder with --out")
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
