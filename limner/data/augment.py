"""Where a picture is cropped and whether it is flipped: one draw per pair, keyed by (seed, epoch, index)."""

from __future__ import annotations

from typing import NamedTuple

_WORD = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15


class Placement(NamedTuple):
    """The crop's upper left corner in pixels, and whether it is mirrored left to right."""

    top: int
    left: int
    flip: bool


def draw_placement(seed: int, epoch: int, index: int, slack: int, flip: float) -> Placement:
    """Draws the placement of one pair in one epoch; the same arguments always give the same one.

    Args:
        seed: the run's seed.
        epoch: how often all pictures have been seen before.
        index: the pair's place in its split.
        slack: pixels by which the stored picture exceeds the crop; corners lie in 0..slack.
        flip: probability of mirroring.
    """
    state = _mix(_mix(_mix(seed & _WORD) + epoch) + index)
    top, left, toss = (_mix(state + number * _GOLDEN) for number in (1, 2, 3))
    return Placement(top * (slack + 1) >> 64, left * (slack + 1) >> 64, toss < flip * 2.0**64)


def _mix(state: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): spreads 64 bits evenly."""
    state = (state + _GOLDEN) & _WORD
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _WORD
    return state ^ state >> 31
