"""Numbers and durations in the form that a person reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def number(value: float) -> str:
    """Three or four significant figures: 0.176, 21.4, 12,300, 2.1e-05; "not a number" when it is none."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("infinite" if value > 0 else "-infinite")
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 1e-3:
        return f"{value:.2e}"
    if size >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def count(value: float) -> str:
    """Large counts in words of a technician: 54.4 M, 2.77 M, 80,000."""
    return f"{value / 1e6:.3g} M" if value >= 1e6 else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Two units at most: 42 s, 5 min 10 s, 6 h 12 min, 3 d 4 h."""
    if not math.isfinite(seconds) or seconds < 0:
        return "an unknown time"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole >= 10 else f"{seconds:.1f} s"
    for unit, inner, big, small in ((60, 1, "min", "s"), (3600, 60, "h", "min"), (86400, 3600, "d", "h")):
        if whole < unit * (60 if unit == 60 else 24) or unit == 86400:
            first, rest = divmod(whole, unit)
            return f"{first} {big} {rest // inner} {small}" if rest // inner else f"{first} {big}"
    raise AssertionError


def setting(value: Any) -> str:
    """A value of a recipe as one would type it."""
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case list():
            return "[" + ", ".join(map(setting, value)) + "]"
        case _:
            return str(value)


def plural(amount: int, one: str, many: str | None = None) -> str:
    """1 picture, 2 pictures."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Titles as one: "Best, median and worst"."""
    names = [name if number == 0 else name[:1].lower() + name[1:] for number, name in enumerate(names)]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
