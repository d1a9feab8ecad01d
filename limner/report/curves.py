"""Which numbers share a chart, and in which order the charts of a page stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limner.report.chart import Chart, Line, draw
from limner.report.glossary import FEEDBACK, METRICS, PLAYER_LOSS, Meaning, meaning, opinion_of
from limner.report.series import Series
from limner.report.tags import SPLITS, Tag, read_tag

_TRAIN, _VALIDATION, _REAL, _FAKE = 1, 2, 3, 4
"""Colours of the palette, where there is one direction."""
_FROM_A, _FROM_B = 1, 2
"""Those of the two directions and of the two domains."""
_OPINIONS = {"feedback_real": "real", "feedback_fake": "generated"}
_ANSWERS = {"real": "real", "fake": "generated"}


@dataclass(frozen=True)
class Curves:
    """The charts of one run: picture metrics, the players' losses, and what only a technician wants."""

    metrics: list[Chart]
    losses: list[Chart]
    trainer: list[Chart]

    def __bool__(self) -> bool:
        return bool(self.metrics or self.losses or self.trainer)


def run_curves(series: Mapping[str, Series], last_step: int, between_domains: bool = False) -> Curves:
    """Every series of a run in exactly one chart; training solid, validation dashed.

    Both directions share the chart of a metric, both domains that of a loss term. A discriminator's opinion of real and
    of generated pictures shares one as well, whichever losses they were logged with.

    Args:
        last_step: right end of all charts.
        between_domains: the run's method learns from two domains.
    """
    curves = Curves([], [], [])
    for group, tags in _groups(series).items():
        names = list(dict.fromkeys(tag.name for tag in tags.values()))
        several = len(names) > 1
        lines = [
            Line(series[key], _label(tag, several), _colour(tag, names), dashed=tag.split == "val")
            for key, tag in tags.items()
        ]
        opinion = _is_opinion(group)
        about = _meaning(group, names, between_domains)
        chart = draw(
            about.title,
            about.text,
            lines,
            last_step,
            better=about.better,
            bounds=(0.0, 1.0) if opinion else None,
            reference=0.5 if opinion else about.reference,
        )
        _section(curves, group).append(chart)
    return curves


def _groups(series: Mapping[str, Series]) -> dict[str, dict[str, Tag]]:
    """Tags by the chart that they share: metrics as the glossary orders them, then losses in the order of the log."""
    groups: dict[str, dict[str, Tag]] = {name: {} for name in METRICS}
    for key in sorted(series, key=_order):
        tag = read_tag(key)
        groups.setdefault(_group(tag), {})[key] = tag
    return {group: dict(sorted(tags.items(), key=lambda item: item[1].way)) for group, tags in groups.items() if tags}


def _order(key: str) -> tuple[bool, list[str], bool]:
    """The generator comes first: it is what a person takes home. What is thought of its pictures comes later."""
    tag = read_tag(key)
    theirs = "generator" in key and not (tag.domain and tag.term in _OPINIONS)
    return not theirs, key.split("/")[1:-1], tag.split == "val"


def _group(tag: Tag) -> str:
    if tag.term in _OPINIONS:
        # Both domains' discriminators are asked in both players' losses, so the domain tells them apart.
        return f"{tag.way}/opinion" if tag.domain else f"{tag.loss}/opinion"
    if tag.loss and tag.term in _ANSWERS and not tag.domain:
        return f"{tag.loss}/answers"
    return "lr" if tag.loss == "lr" else tag.name


def _is_opinion(group: str) -> bool:
    return group.endswith("/opinion")


def _meaning(group: str, names: list[str], between_domains: bool) -> Meaning:
    if _is_opinion(group):
        domain = group.partition("/")[0]
        return opinion_of(domain) if domain in ("A", "B") else FEEDBACK
    if group.endswith("/answers"):
        return PLAYER_LOSS
    return meaning(group if group == "lr" else names[0], between_domains)


def _section(curves: Curves, group: str) -> list[Chart]:
    if group in METRICS:
        return curves.metrics
    return curves.losses if "/" in group else curves.trainer


def _label(tag: Tag, several: bool) -> str:
    split = SPLITS.get(tag.split, "")
    term = _OPINIONS.get(tag.term) or (not tag.way and _ANSWERS.get(tag.term)) or tag.term
    what = term if several or not (split or tag.way) else tag.way
    return ", ".join(word for word in (what, split) if word)


def _colour(tag: Tag, names: list[str]) -> int:
    if tag.term in _OPINIONS or (tag.term in _ANSWERS and not tag.way):
        return _REAL if tag.term.endswith("real") else _FAKE
    if tag.way:
        return _FROM_A if tag.way.startswith("A") else _FROM_B
    if len(names) > 1:
        return 1 + names.index(tag.name) % 8
    return _VALIDATION if tag.split == "val" else _TRAIN
