"""The key numbers of a run: the newest value of each validation metric, its best, and its course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limner.report.chart import spark
from limner.report.glossary import METRICS, Meaning, meaning
from limner.report.series import Series
from limner.report.tags import DIRECTIONS


@dataclass(frozen=True)
class Reading:
    """One metric in one direction; `course` is the path of a tiny chart, `way` empty where there is one direction."""

    way: str
    value: float
    step: int
    best: tuple[float, int] | None
    course: str


@dataclass(frozen=True)
class Tile:
    """One metric, in every direction that it was measured in."""

    meaning: Meaning
    readings: list[Reading]


def key_tiles(series: Mapping[str, Series], between_domains: bool) -> list[Tile]:
    """The validation metrics in the order of the glossary."""
    found = []
    for name in METRICS:
        about = meaning(name, between_domains)
        measured = {way: series[tag] for way, tag in _tags(name).items() if tag in series}
        if measured:
            readings = [
                Reading(way, one.last, one.last_step, one.best(about.better), spark(one))
                for way, one in measured.items()
            ]
            found.append(Tile(about, readings))
    return found


def _tags(name: str) -> dict[str, str]:
    return {"": f"val/{name}"} | {way: f"val/{direction}/{name}" for direction, way in DIRECTIONS.items()}
