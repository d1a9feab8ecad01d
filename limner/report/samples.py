"""The pictures of a run folder: those followed through training, and the worst, median and best of a validation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limner.report.pictures import Album, Picture
from limner.report.reading import read_json

_STEP = re.compile(r"step-(\d{1,12})")
_SAMPLE = re.compile(r"(train|val)-(\d{1,4})\.png")
_RANKS = ("best", "median", "worst")


@dataclass(frozen=True)
class Sample:
    """One picture that is followed through training; `outputs` by step."""

    split: str
    index: int
    input: Path | None
    target: Path | None
    outputs: dict[int, Path] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{'validation' if self.split == 'val' else 'training'} {self.index + 1}"


@dataclass(frozen=True)
class Ranked:
    """One validation picture with its place in the order of L1."""

    rank: str
    name: str
    l1: float | None
    ssim: float | None
    input: Path | None
    output: Path | None
    target: Path | None


@dataclass(frozen=True)
class Ranking:
    """The worst, median and best pictures of one validation, in the order best, median, worst."""

    step: int | None
    pictures: list[Ranked]


@dataclass(frozen=True)
class Triple:
    """Input, output and target, embedded; what is missing is None."""

    label: str
    input: Picture | None
    output: Picture | None
    target: Picture | None


@dataclass(frozen=True)
class Frame:
    """One step of a time-lapse; for each slot the index of its picture in the pool, or -1."""

    step: int
    caption: str
    shown: list[int]


def fixed_samples(run: Path, most: int = 8) -> list[Sample]:
    """The pictures followed through training, validation first: at most `most`, half of them of each split."""
    folder = run / "samples"
    found: dict[tuple[str, int], dict[int, Path]] = {}
    for step_folder in sorted(_folders(folder)):
        step = int(_STEP.fullmatch(step_folder.name)[1])  # type: ignore[index]
        for path in sorted(step_folder.glob("*.png")):
            if match := _SAMPLE.fullmatch(path.name):
                found.setdefault((match[1], int(match[2])), {})[step] = path
    samples = [
        Sample(split, index, _beside(folder, "input", split, index), _beside(folder, "target", split, index), outputs)
        for (split, index), outputs in sorted(found.items())
    ]
    validation = [sample for sample in samples if sample.split == "val"]
    training = [sample for sample in samples if sample.split == "train"]
    half = most // 2
    return validation[: max(half, most - len(training))] + training[: max(half, most - len(validation))]


def newest_grid(run: Path) -> Path | None:
    """The newest grid of samples, for a run that kept no single pictures."""
    grids = sorted((run / "samples").glob("grid-*.png"))
    return grids[-1] if grids else None


def ranking(run: Path, notes: list[str]) -> Ranking:
    """The worst, median and best validation pictures, as `samples/validation.json` names them."""
    path = run / "samples" / "validation.json"
    if not path.exists():
        return Ranking(None, [])
    document = read_json(path, notes)
    entries = document.get("pictures")
    pictures = (
        [_ranked(run, entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    known = [picture for picture in pictures if picture.rank in _RANKS and picture.output is not None]
    if len(known) < len(pictures):
        notes.append(f"validation.json names {len(pictures) - len(known)} pictures that are not there; left out.")
    step = document.get("step")
    return Ranking(step if isinstance(step, int) else None, sorted(known, key=lambda one: _RANKS.index(one.rank)))


def choose_steps(steps: Sequence[int], most: int) -> list[int]:
    """At most `most` of the rising steps, first and last among them, denser at the start where most changes."""
    if len(steps) <= most:
        return list(steps)
    places = {round((len(steps) - 1) * (index / (most - 1)) ** 1.5) for index in range(most)}
    return [steps[place] for place in sorted(places)]


def time_lapse(
    slots: Sequence[dict[int, Path]], captions: dict[int, str], album: Album
) -> tuple[list[Frame], list[str]]:
    """Frames over the steps of all slots, and the pool of addresses that they point into.

    A slot without a picture at a step shows its newest earlier one.
    """
    steps = choose_steps(sorted({step for slot in slots for step in slot}), album.level.frames)
    # Decoding and encoding run outside Python's lock, so threads share the work.
    with ThreadPoolExecutor() as workers:
        for _ in workers.map(album.embed, {_newest(slot, step) for slot in slots for step in steps}):
            pass
    pool: list[str] = []
    places: dict[Path, int] = {}
    frames: list[Frame] = []
    shown = [-1] * len(slots)
    for step in steps:
        for number, slot in enumerate(slots):
            path = _newest(slot, step)
            if path is None:
                continue
            if path not in places and (picture := album.embed(path)):
                places[path] = len(pool)
                pool.append(picture.address)
            shown[number] = places.get(path, shown[number])
        frames.append(Frame(step, captions.get(step, f"step {step:,}"), list(shown)))
    return [frame for frame in frames if any(place >= 0 for place in frame.shown)], pool


def _newest(slot: dict[int, Path], step: int) -> Path | None:
    """The picture of a slot at a step, or its newest earlier one."""
    earlier = [other for other in slot if other <= step]
    return slot[max(earlier)] if earlier else None


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and _STEP.fullmatch(path.name)]


def _beside(folder: Path, kind: str, split: str, index: int) -> Path | None:
    path = folder / kind / f"{split}-{index:02d}.png"
    return path if path.is_file() else None


def _ranked(run: Path, entry: dict[str, Any]) -> Ranked:
    return Ranked(
        rank=str(entry.get("rank", "")),
        name=str(entry.get("name", "")),
        l1=_float(entry.get("l1")),
        ssim=_float(entry.get("ssim")),
        **{kind: _inside(run / "samples", entry.get(kind)) for kind in ("input", "output", "target")},
    )


def _inside(folder: Path, name: Any) -> Path | None:
    """The file of that name below the folder; never one outside, whatever the name says."""
    if not isinstance(name, str):
        return None
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
