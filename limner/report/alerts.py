"""What a person must know before anything else on the page: the run broke down, or only copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from limner.report.reading import Json
from limner.report.series import Series


def broken(series: Mapping[str, Series]) -> list[str]:
    """Tags that are not a number at their end: training has broken down."""
    return [tag for tag, one in series.items() if not abs(one.last) < float("inf")]


def copying(events: Sequence[Json]) -> list[str]:
    """One sentence for each direction that began to copy its input and has not ended to."""
    open_ones: dict[str, Json] = {}
    for event in events:
        direction = str(event.get("direction", ""))
        if event.get("event") == "copying":
            open_ones[direction] = event
        elif event.get("event") == "copying-ended":
            open_ones.pop(direction, None)
    return [_sentence(event) for event in open_ones.values()]


def _sentence(event: Json) -> str:
    said = str(event.get("detail") or "the translator copies its input").replace("->", "→").rstrip(".")
    step = event.get("step")
    since = f" So it is since step {step:,}." if isinstance(step, int) else ""
    return f"{said[0].upper()}{said[1:]}.{since}"
