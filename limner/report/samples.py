"""The pictures of a run folder that are followed through training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from limner.report.images import Album
from limner.report.tags import DIRECTIONS

_STEP = re.compile(r"step-(\d{1,12})")
_SAMPLE = re.compile(r"(train|val)-(?:(AtoB|BtoA)-)?(\d{1,4})(-back)?\.png")


@dataclass(frozen=True)
class Sample:
    """One picture that is followed through training.

    Attributes:
        direction: "AtoB" or "BtoA"; empty where the run has only one.
        outputs: what it became, by step.
        returned: what the other generator made of that, by step; empty where there is none.
    """

    split: str
    direction: str
    index: int
    input: Path | None
    target: Path | None
    outputs: dict[int, Path] = field(default_factory=dict)
    returned: dict[int, Path] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{'validation' if self.split == 'val' else 'training'} {self.index + 1}"

    @property
    def way(self) -> str:
        """The direction in words, such as "A → B"."""
        return DIRECTIONS.get(self.direction, "")


@dataclass(frozen=True)
class Frame:
    """One step of a time-lapse; for each slot the index of its picture in the pool, or -1."""

    step: int
    caption: str
    shown: list[int]


def fixed_samples(run: Path, most: int = 8) -> list[Sample]:
    """The pictures followed through training, validation first: at most `most`, as many of each split and direction."""
    folder = run / "samples"
    found: dict[tuple[str, str, int], Sample] = {}
    for step_folder in sorted(_folders(folder)):
        step = int(_STEP.fullmatch(step_folder.name)[1])  # type: ignore[index]
        for path in sorted(step_folder.glob("*.png")):
            if match := _SAMPLE.fullmatch(path.name):
                key = (match[1], match[2] or "", int(match[3]))
                sample = found.setdefault(key, _sample(folder, *key))
                (sample.returned if match[4] else sample.outputs)[step] = path
    samples = [sample for _, sample in sorted(found.items(), key=lambda item: (item[0][0] != "val", item[0]))]
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.split, sample.direction), []).append(sample)
    # Taken in turns, so that what one group lacks the others may have.
    turns = [sample for turn in zip_longest(*groups.values()) for sample in turn if sample is not None]
    chosen = turns[:most]
    return [sample for sample in samples if sample in chosen]


def newest_grid(run: Path) -> Path | None:
    """The newest grid of samples, for a run that kept no single pictures."""
    grids = sorted((run / "samples").glob("grid-*.png"))
    return grids[-1] if grids else None


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
            if path not in places and (image := album.embed(path)):
                places[path] = len(pool)
                pool.append(image.address)
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


def _sample(folder: Path, split: str, direction: str, index: int) -> Sample:
    name = f"{split}-{direction}-{index:02d}.png" if direction else f"{split}-{index:02d}.png"
    return Sample(split, direction, index, _there(folder / "input" / name), _there(folder / "target" / name))


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None
