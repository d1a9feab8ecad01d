"""One chart as inline SVG: the lines are paths in a stretchable box, the labels are text of the page around it.

So a chart fills any width, from a phone to a wall, and its letters keep their size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limner.report import words
from limner.report.series import Numbers, Series, smooth, thin

BOX = 1000
"""Width and height of the drawing's own coordinates."""

_LOG_FROM = 20
"""A panel whose values span more than this factor is drawn on a logarithmic scale."""


@dataclass(frozen=True)
class Line:
    """One series in a chart; `colour` is 1..8 of the page's palette, dashed means validation."""

    series: Series
    label: str
    colour: int
    dashed: bool = False


@dataclass(frozen=True)
class Path:
    """What the template draws: the smooth line, and the raw one behind it ("" when they are the same)."""

    label: str
    colour: int
    dashed: bool
    smooth: str
    raw: str


@dataclass(frozen=True)
class Tick:
    """A label at `place` percent from the left or from the top."""

    label: str
    place: float


@dataclass(frozen=True)
class Chart:
    """A finished chart. `points` is what the read-out needs: per line its label, colour, steps and values."""

    title: str
    text: str
    better: str
    paths: list[Path]
    across: list[Tick]
    up: list[Tick]
    logarithmic: bool
    reference: float | None
    last_step: int
    points: list[dict[str, Any]]
    summary: str


def draw(
    title: str,
    text: str,
    lines: Sequence[Line],
    last_step: int,
    *,
    better: str = "",
    bounds: tuple[float, float] | None = None,
    reference: float | None = None,
    keep_raw: bool = True,
) -> Chart:
    """Lay out one chart.

    Args:
        last_step: right end of the horizontal axis, so that all charts of a page share it.
        bounds: lowest and highest value shown; found from the lines when None.
        reference: a value to mark with a thin line across.
        keep_raw: draw the raw values faintly behind a line that was made smooth.
    """
    last_step = max(last_step, 1)
    smoothed = [smooth(line.series.values) for line in lines]
    logarithmic = bounds is None and _is_wide(lines)
    low, high = bounds or _bounds(lines, smoothed, logarithmic, reference)
    paths: list[Path] = []
    points: list[dict[str, Any]] = []
    for line, values in zip(lines, smoothed, strict=True):
        steps, thinned = thin(line.series.steps, values)
        raw = ""
        if keep_raw and values is not line.series.values:
            raw = _path(*thin(line.series.steps, line.series.values), last_step, low, high, logarithmic)
        drawn = _path(steps, thinned, last_step, low, high, logarithmic)
        paths.append(Path(line.label, line.colour, line.dashed, drawn, raw))
        points.append(
            {
                "label": line.label,
                "colour": line.colour,
                "steps": [int(step) for step in steps],
                "values": [float(f"{value:.4g}") if math.isfinite(value) else None for value in thinned],
            }
        )
    return Chart(
        title=title,
        text=text,
        better=better,
        paths=paths,
        across=[Tick(_compact(step), 100 * step / last_step) for step in _ticks(0, last_step, 4)],
        up=_up(low, high, logarithmic),
        logarithmic=logarithmic,
        reference=None if reference is None else 100 - 100 * _share(reference, low, high, logarithmic),
        last_step=last_step,
        points=points,
        summary="; ".join(f"{line.label} ends at {words.number(line.series.last)}" for line in lines),
    )


def spark(series: Series) -> str:
    """The path of a tiny chart without axes, for a tile; "" when there is nothing to draw."""
    finite = np.isfinite(series.values)
    if finite.sum() < 2:
        return ""
    steps, values = thin(series.steps[finite], smooth(series.values[finite]), 60)
    low, high = _widen(float(values.min()), float(values.max()))
    return _path(steps - steps[0], values, int(steps[-1] - steps[0]) or 1, low, high, False)


def _path(steps: Numbers, values: Numbers, last_step: int, low: float, high: float, logarithmic: bool) -> str:
    parts: list[str] = []
    pen = "M"
    for step, value in zip(steps, values, strict=True):
        if not math.isfinite(value) or (logarithmic and value <= 0):
            pen = "M"
            continue
        top = 1 - _share(value, low, high, logarithmic)
        # Far outside the box a point keeps its direction but not its distance: huge numbers break some renderers.
        parts.append(f"{pen}{BOX * step / last_step:.0f} {BOX * min(max(top, -3), 4):.0f}")
        pen = "L"
    if len(parts) == 1:
        parts.append("h0")
    return "".join(parts)


def _share(value: float, low: float, high: float, logarithmic: bool) -> float:
    if logarithmic:
        return (math.log(max(value, low / 1e6)) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def _is_wide(lines: Sequence[Line]) -> bool:
    values = np.concatenate([line.series.values for line in lines])
    values = values[np.isfinite(values)]
    if len(values) < 2 or values.min() <= 0:
        return False
    low, high = np.percentile(values, [1, 99])
    return bool(high / low > _LOG_FROM)


def _bounds(
    lines: Sequence[Line], smoothed: Sequence[Numbers], logarithmic: bool, reference: float | None
) -> tuple[float, float]:
    """All of the smooth lines, the raw ones but for rare spikes, and the value that is marked."""
    edges: list[float] = [] if reference is None else [reference]
    for line, values in zip(lines, smoothed, strict=True):
        finite, raw = (numbers[np.isfinite(numbers)] for numbers in (values, line.series.values))
        if len(finite):
            edges += [float(finite.min()), float(finite.max()), *np.percentile(raw, [1, 99]).tolist()]
    if not edges:
        return 0.0, 1.0
    if logarithmic:
        return min(edges) / 1.15, max(edges) * 1.15
    low, high = _widen(min(edges), max(edges))
    # Losses and distances are never negative: an axis that shows it would only confuse.
    return (max(low, 0.0) if min(edges) >= 0 else low), high


def _widen(low: float, high: float) -> tuple[float, float]:
    spread = high - low
    # What a moving average leaves of a constant differs in its last bits.
    margin = spread * 0.06 if spread > 1e-9 * abs(high) else abs(high) * 0.1 or 0.5
    return low - margin, high + margin


def _up(low: float, high: float, logarithmic: bool) -> list[Tick]:
    if logarithmic:
        values = [
            factor * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for factor in ((1,) if high / low > 1000 else (1, 3))
        ]
        values = [value for value in values if low <= value <= high]
        values = values[:: max(1, math.ceil(len(values) / 5))]
    else:
        values = _ticks(low, high, 4)
    return [Tick(_compact(value), 100 - 100 * _share(value, low, high, logarithmic)) for value in values]


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two bounds."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _compact(value: float) -> str:
    """A short label: 20k, 1.5M, 0.25, 1e-05."""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:g}M"
    if size >= 1e4 or (size >= 1000 and value % 100 == 0):
        return f"{value / 1000:g}k"
    return f"{value:g}"
