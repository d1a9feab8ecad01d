"""Noticing that a translator only copies its input: what a cycle loss alone is content with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from limner.metrics.translation import CHANGED, is_copying
from limner.training.validation import Validated

EARLY = 0.25
"""Share of a run in which nothing is said: most translators begin by copying."""

ARROWS = {"": "the translator", "AtoB": "A -> B", "BtoA": "B -> A"}


class News(NamedTuple):
    """An event to be told of one direction; the direction is empty where a translator has only one."""

    name: str
    detail: str
    direction: str


def watch_copying(validated: Validated, before: Sequence[str]) -> tuple[list[str], list[News]]:
    """Which directions copy now, and what is new about it.

    Args:
        validated: a validation.
        before: the directions that copied at the validation before.

    Returns:
        The directions that copy, and the news of each that begins or ends to.
    """
    scores = {label: direction.scores for label, direction in validated.directions.items()}
    adversary = any(name.rpartition("/")[2].startswith("adversarial") for name in validated.losses)
    now = [label for label, known in scores.items() if is_copying(known, adversary)]
    begun = [News("copying", _text(label, scores[label]), label) for label in now if label not in before]
    ended = [label for label in before if label not in now]
    return now, begun + [News("copying-ended", f"{ARROWS[each]} no longer copies its input", each) for each in ended]


def _text(label: str, scores: Mapping[str, float]) -> str:
    changed = f"what it changes is {scores['change_share']:.0%} of the distance between the domains"
    if scores["change_share"] >= CHANGED:
        changed = f"{scores['copied']:.0%} of what it makes is the input in its own or in other colours"
    return (
        f"{ARROWS[label]} copies its input: {changed}. "
        "A cycle loss is content with that. Without an adversary set loss.adversary=true; with one train longer, or "
        "lower loss.cycle and loss.identity"
    )
