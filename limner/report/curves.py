"""The numbers of a run: key numbers in tiles, and which series share a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from limner.report.chart import Chart, Line, draw, spark
from limner.report.glossary import Glossary, Meaning
from limner.report.series import SPLITS, Series, Tag, read_tag

COLOURS = 8
"""Of the page's palette."""


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


def key_tiles(series: Mapping[str, Series], glossary: Glossary) -> list[Tile]:
    """The newest value of each validation metric, its best, and its course, in the order that the run declares."""
    tiles: dict[str, Tile] = {}
    for key in sorted(series, key=glossary.place):
        tag, one = read_tag(key), series[key]
        if tag.split == "val" and glossary.is_metric(key):
            tile = tiles.setdefault(tag.name, Tile(glossary.meaning(key), []))
            best = one.best(tile.meaning.better)
            tile.readings.append(Reading(tag.way, one.last, one.last_step, best, spark(one)))
    return list(tiles.values())


@dataclass(frozen=True)
class Curves:
    """The charts of one run: picture metrics, the losses of the players, and what the trainer logs of itself."""

    metrics: list[Chart] = field(default_factory=list)
    losses: list[Chart] = field(default_factory=list)
    trainer: list[Chart] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.metrics or self.losses or self.trainer)


def run_curves(series: Mapping[str, Series], glossary: Glossary, last_step: int) -> Curves:
    """Every series of a run in exactly one chart; training solid, validation dashed.

    Both directions share the chart of a metric; loss terms of the same title share one.

    Args:
        last_step: right end of all charts.
    """
    groups: dict[str, list[str]] = {}
    for key in sorted(series, key=lambda tag: (glossary.place(tag), tag)):
        groups.setdefault(_chart_of(key, glossary), []).append(key)
    curves = Curves()
    for keys in groups.values():
        tags = {key: read_tag(key) for key in keys}
        about = {key: glossary.meaning(key) for key in keys}
        several = len({tag.name for tag in tags.values()}) > 1
        labels = {key: _label(tags[key], about[key], several) for key in keys}
        order = list(dict.fromkeys(labels.values()))
        if {label[:1] for label in order} == {"A", "B"}:
            order.sort()  # what begins in a domain has the colour of that domain in every chart
        lines = [
            Line(series[key], _said(tags[key], labels[key]), _colour(tags[key], labels[key], order), _is_dashed(key))
            for key in sorted(keys, key=lambda key: (order.index(labels[key]), _is_dashed(key)))
        ]
        first, better = about[keys[0]], {one.better for one in about.values()}
        chart = draw(
            first.title,
            " ".join(dict.fromkeys(one.text for one in about.values())),
            lines,
            last_step,
            better=first.better if len(better) == 1 else "",
            bounds=next((one.bounds for one in about.values() if one.bounds), None),
            reference=next((one.reference for one in about.values() if one.reference is not None), None),
        )
        _section(curves, keys, glossary).append(chart)
    return curves


def _chart_of(key: str, glossary: Glossary) -> str:
    # A metric and a term may bear the same title.
    name = read_tag(key).name
    return f"metric {name}" if "/" not in name else glossary.meaning(key).title


def _section(curves: Curves, keys: list[str], glossary: Glossary) -> list[Chart]:
    if any(glossary.is_metric(key) for key in keys):
        return curves.metrics
    group = read_tag(keys[0]).group
    return curves.losses if group and group != "lr" else curves.trainer


def _label(tag: Tag, about: Meaning, several: bool) -> str:
    return tag.way or about.label or (tag.term.replace("_", " ") if several or not tag.split else "")


def _said(tag: Tag, label: str) -> str:
    return ", ".join(word for word in (label, SPLITS.get(tag.split, "")) if word)


def _is_dashed(key: str) -> bool:
    return read_tag(key).split == "val"


def _colour(tag: Tag, label: str, labels: list[str]) -> int:
    if len(labels) > 1:
        return 1 + labels.index(label) % COLOURS
    return 2 if tag.split == "val" else 1
