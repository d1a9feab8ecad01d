"""What a logged tag is made of: `val/ssim`, `val/AtoB/ssim`, `train/generators/cycle_a`, `train/lr/generator`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

DIRECTIONS = {"AtoB": "A → B", "BtoA": "B → A"}
"""A direction as files and tags name it, and as a person reads it."""
SPLITS = {"train": "training", "val": "validation"}

_DOMAINS = {"a": "A", "b": "B"}
_WAYS = {
    "cycle": {"a": "A → B → A", "b": "B → A → B"},
    "identity": {"a": "A → A", "b": "B → B"},
    # What is judged is a picture of that domain, so it came from the other one.
    "adversarial": {"a": "B → A", "b": "A → B"},
    "paired": {"a": "B → A", "b": "A → B"},
}
"""What a loss term of one domain is about, by the term without its ending."""


@dataclass(frozen=True)
class Tag:
    """A tag in its parts; those that it does not have are empty.

    Attributes:
        split: "train" or "val".
        direction: "AtoB" or "BtoA", of a picture metric of a method that translates both ways.
        loss: the loss that a term belongs to, such as "generators".
        term: the metric, or the term without its domain.
        domain: "a" or "b", of a loss term that there is for both.
    """

    split: str
    direction: str
    loss: str
    term: str
    domain: str

    @property
    def name(self) -> str:
        """What both directions, domains and splits share: "ssim", "generators/cycle"."""
        return f"{self.loss}/{self.term}" if self.loss else self.term

    @property
    def way(self) -> str:
        """The direction or the domain in words: "A → B", "A → B → A", "A"; empty where there is only one."""
        if self.direction:
            return DIRECTIONS[self.direction]
        return _WAYS.get(self.term, _DOMAINS)[self.domain] if self.domain else ""


@cache
def read_tag(tag: str) -> Tag:
    """The parts of a tag, with or without its split."""
    split, _, rest = tag.partition("/")
    if split not in SPLITS or not rest:
        split, rest = "", tag
    direction, _, metric = rest.partition("/")
    if direction in DIRECTIONS and metric:
        return Tag(split, direction, "", metric, "")
    loss, _, term = rest.rpartition("/")
    stem, _, domain = term.rpartition("_")
    if loss and loss != "lr" and stem and domain in _DOMAINS:
        return Tag(split, "", loss, stem, domain)
    return Tag(split, "", loss, term, "")
