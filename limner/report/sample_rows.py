"""Pictures in a row, as a page shows them: input, output, there and back, target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.report.images import Album, EmbeddedImage
from limner.report.ranking import Ranked
from limner.report.samples import Sample
from limner.report.tags import DIRECTIONS

_WORDS = {
    "input": ("Input", "Input of"),
    "output": ("Output", "Output for"),
    "returned": ("There and back", "There and back for"),
    "target": ("Target", "Target of"),
}
"""The columns in their order: caption, and how a text in the picture's place begins."""


@dataclass(frozen=True)
class Column:
    """One place in a strip.

    Attributes:
        image: what stands there, or one of the same size where it moves; None when it is missing.
        slot: number of the slot of a time-lapse that moves there.
    """

    caption: str
    alt: str
    image: EmbeddedImage | None
    slot: int | None = None


@dataclass(frozen=True)
class Strip:
    """One picture and what became of it; `way` is the direction in words, empty where there is only one."""

    label: str
    way: str
    columns: list[Column]


@dataclass(frozen=True)
class Stage:
    """The followed pictures of one split and direction, beneath one heading."""

    heading: str
    strips: list[Strip]


def newest_strips(samples: Sequence[Sample], album: Album, paired: bool) -> list[tuple[Strip, int]]:
    """Of each direction the first followed picture that can be shown, as it came out last, and its step.

    Args:
        samples: validation pictures first.
        paired: pairs are learnt, so a missing target is shown as missing; else there is no column for it.
    """
    found: dict[str, tuple[Strip, int]] = {}
    for sample in samples:
        for step in sorted(sample.outputs, reverse=True):
            if sample.direction not in found and (output := album.embed(sample.outputs[step])):
                images = {
                    "input": album.embed(sample.input),
                    "output": output,
                    "returned": album.embed(sample.returned.get(step)),
                    "target": album.embed(sample.target),
                }
                found[sample.direction] = _strip(sample.label, sample.direction, images, paired, {}), step
    return [found[direction] for direction in sorted(found)]


def moving_slots(samples: Sequence[Sample]) -> list[dict[int, Path]]:
    """What moves in a time-lapse of all samples: their outputs, then their round trips if there are any."""
    outputs, returned = [sample.outputs for sample in samples], [sample.returned for sample in samples]
    return outputs + returned if any(returned) else outputs


def moving_stages(samples: Sequence[Sample], album: Album, paired: bool) -> list[Stage]:
    """The followed pictures under their headings, with `moving_slots` in the places that move."""
    stages: dict[tuple[str, str], Stage] = {}
    for number, sample in enumerate(samples):
        heading = "Validation pictures, never trained on" if sample.split == "val" else "Training pictures"
        stage = stages.setdefault(
            (sample.split, sample.direction), Stage(f"{heading} · {sample.way}" if sample.way else heading, [])
        )
        still = {"input": album.embed(sample.input), "target": album.embed(sample.target)}
        like = still["target"] or still["input"]
        slots = {"output": number} | ({"returned": len(samples) + number} if sample.returned else {})
        images = {**still, "output": like, "returned": like if sample.returned else None}
        stage.strips.append(_strip(sample.label, sample.direction, images, paired, slots))
    return list(stages.values())


def ranked_strip(one: Ranked, album: Album, paired: bool) -> Strip:
    """One picture of a validation."""
    images = {kind: album.embed(getattr(one, kind)) for kind in _WORDS}
    return _strip(one.name, one.direction, images, paired, {})


def _strip(
    label: str, direction: str, images: Mapping[str, EmbeddedImage | None], paired: bool, slots: Mapping[str, int]
) -> Strip:
    way = DIRECTIONS.get(direction, "")
    # A → B → A, and B is what the target shows.
    domains = dict(zip(_WORDS, (direction[0], direction[-1]) * 2, strict=True)) if way else {}
    columns = [
        Column(
            f"{caption} · {domains[kind]}" if way else caption,
            f"{alt} {label}, {way}" if way else f"{alt} {label}",
            images[kind],
            slots.get(kind),
        )
        for kind, (caption, alt) in _WORDS.items()
        if (kind != "returned" or way) and (kind != "target" or paired or images[kind])
    ]
    return Strip(label, way, columns)
