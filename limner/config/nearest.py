"""The valid spelling nearest to what somebody wrote."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The most similar valid word, or None when none is similar."""
    return _best([(_similarity(word, other), other) for other in valid])


def nearest_key(key: str, valid: Iterable[str]) -> str | None:
    """The most similar valid dotted key, or None. A right name in the wrong group (`steps`) finds `training.steps`."""
    name = key.rpartition(".")[2]
    scores = []
    for other in valid:
        last = other.rpartition(".")[2]
        # The whole path tells twins apart; the last name alone may be all that somebody remembers.
        whole = _similarity(key, other)
        scores.append((max(whole, 0.95 * _similarity(name, last)) + 1e-3 * whole, other))
    return _best(scores)


def _best(scores: list[tuple[float, str]]) -> str | None:
    score, word = max(scores, default=(0.0, ""))
    return word if score > 0.65 else None


def _similarity(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()
