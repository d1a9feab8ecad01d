"""Which numbers share a chart, and in which order the charts of a page stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limner.report.chart import Chart, Line, draw
from limner.report.glossary import FEEDBACK, METRICS, PLAYER_LOSS, Meaning, meaning
from limner.report.series import Series

_SPLITS = {"train": "training", "val": "validation"}
_TRAIN, _VALIDATION, _REAL, _FAKE = 1, 2, 3, 4
"""Colours of the palette."""


@dataclass(frozen=True)
class Curves:
    """The charts of one run: picture metrics, the players' losses, and what only a technician wants."""

    metrics: list[Chart]
    losses: list[Chart]
    trainer: list[Chart]

    def __bool__(self) -> bool:
        return bool(self.metrics or self.losses or self.trainer)


def run_curves(series: Mapping[str, Series], last_step: int) -> Curves:
    """Every series of a run in exactly one chart; training solid, validation dashed."""
    curves = Curves([], [], [])
    for group, tags in _groups(series).items():
        names = list(dict.fromkeys(_name(tag) for tag in tags))
        lines = [
            Line(series[tag], _label(tag, len(names) > 1), _colour(tag, names), dashed=tag.startswith("val/"))
            for tag in tags
        ]
        feedback = group.endswith("feedback")
        about = _meaning(group, names)
        chart = draw(
            about.title,
            about.text,
            lines,
            last_step,
            better=about.better,
            bounds=(0.0, 1.0) if feedback else None,
            reference=0.5 if feedback else None,
        )
        _section(curves, group).append(chart)
    return curves


def _groups(series: Mapping[str, Series]) -> dict[str, list[str]]:
    """Tags by the chart that they share: metrics as the glossary orders them, then losses in the order of the log."""
    groups: dict[str, list[str]] = {name: [] for name in METRICS}
    # The generator comes first: it is what a person takes home.
    for tag in sorted(series, key=lambda tag: ("generator" not in tag, tag.split("/")[1:-1], tag.startswith("val/"))):
        groups.setdefault(_group(_name(tag)), []).append(tag)
    return {group: tags for group, tags in groups.items() if tags}


def _group(name: str) -> str:
    loss, _, term = name.rpartition("/")
    if term in ("feedback_real", "feedback_fake"):
        return f"{loss}/feedback"
    if loss and term in ("real", "fake"):
        return f"{loss}/real+fake"
    return "lr" if loss == "lr" else name


def _meaning(group: str, names: list[str]) -> Meaning:
    if group.endswith("/feedback"):
        return FEEDBACK
    if group.endswith("/real+fake"):
        return PLAYER_LOSS
    return meaning(group if group == "lr" else names[0])


def _section(curves: Curves, group: str) -> list[Chart]:
    if group in METRICS:
        return curves.metrics
    return curves.losses if "/" in group else curves.trainer


def _name(tag: str) -> str:
    split, _, name = tag.partition("/")
    return name if split in _SPLITS and name else tag


def _label(tag: str, several: bool) -> str:
    split = _SPLITS.get(tag.partition("/")[0], "")
    term = {"feedback_real": "real", "feedback_fake": "generated", "fake": "generated"}.get(
        tag.rpartition("/")[2], tag.rpartition("/")[2]
    )
    return ", ".join(word for word in (term if several or not split else "", split) if word)


def _colour(tag: str, names: list[str]) -> int:
    if tag.endswith(("real", "fake")):
        return _REAL if tag.endswith("real") else _FAKE
    if len(names) > 1:
        return 1 + names.index(_name(tag)) % 8
    return _VALIDATION if tag.startswith("val/") else _TRAIN
