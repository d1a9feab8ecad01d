"""The followed images through training: which steps are shown, and the pool of pictures that a page plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from limner.report import words
from limner.report.images import Album
from limner.runs.reading import RunFiles

Slot = Mapping[int, Path]
"""One place in which an image changes: its file at each step."""


@dataclass(frozen=True)
class Frame:
    """One step of a time-lapse; for each slot the index of its picture in the pool, or -1."""

    step: int
    caption: str
    shown: list[int]


def time_lapse(slots: Sequence[Slot], captions: Mapping[int, str], album: Album) -> tuple[list[Frame], list[str]]:
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


def choose_steps(steps: Sequence[int], most: int) -> list[int]:
    """At most `most` of the rising steps, first and last among them, denser at the start where most changes."""
    if len(steps) <= most:
        return list(steps)
    places = {round((len(steps) - 1) * (index / (most - 1)) ** 1.5) for index in range(most)}
    return [steps[place] for place in sorted(places)]


def captions(run: RunFiles) -> dict[int, str]:
    """By step: "step 1,200 · epoch 3.0 · 2 min"."""
    return {
        row.step: f"step {row.step:,} · epoch {row.epoch:.3g} · {words.duration(row.seconds)}" for row in run.metrics
    }


def _newest(slot: Slot, step: int) -> Path | None:
    """The picture of a slot at a step, or its newest earlier one."""
    earlier = [other for other in slot if other <= step]
    return slot[max(earlier)] if earlier else None
