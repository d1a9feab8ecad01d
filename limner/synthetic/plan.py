"""The plan of one building: its parts and their places, and what is decided once for the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from limner.synthetic.labels import Label
from limner.synthetic.palette import Palette, pick
from limner.synthetic.styles import Covering, Glazing, Railing, Roof, Style, Texture

Point = tuple[float, float]

ROOF_HEIGHTS: Mapping[Roof, float] = {"flat": 0.0, "pitched": 0.16, "mansard": 0.15, "gable": 0.27}
"""Usual height of a roof as a share of the picture's side."""


@dataclass(frozen=True)
class Box:
    """A rectangle in shares of the picture's side; y runs downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class Part:
    """One thing on a building: its class, its place, and which look its painter gives it."""

    label: Label
    box: Box
    look: str = ""
    outline: tuple[Point, ...] = ()
    """A polygon that replaces the box as the shape."""


@dataclass(frozen=True)
class Building:
    """Parts from back to front, the walls first."""

    style: Style
    palette: Palette
    box: Box
    parts: tuple[Part, ...]


@dataclass
class Plan:
    """Decisions that hold for a whole building, and the parts collected so far."""

    rng: np.random.Generator
    style: Style
    box: Box
    """The wall, from the eaves to the street."""
    edges: list[float]
    """Left and right edges of the bays."""
    floors: list[float]
    """Top of each storey from the highest down and, last, the street."""
    glazing: Glazing
    railing: Railing
    texture: Texture
    base: Texture
    roof: Roof
    covering: Covering
    window_width: float
    window_height: float
    shuttered: bool
    hooded: bool
    sills: bool
    balcony_bays: frozenset[int]
    parts: list[Part] = field(default_factory=list)

    def add(self, label: Label, left: float, top: float, right: float, bottom: float, look: str = "") -> None:
        """Add a rectangular part."""
        self.parts.append(Part(label, Box(left, top, right, bottom), look))

    def add_outline(self, label: Label, points: tuple[Point, ...], look: str = "") -> None:
        """Add a part with the shape of a polygon."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.parts.append(Part(label, Box(min(xs), min(ys), max(xs), max(ys)), look, points))


def draw_plan(rng: np.random.Generator, style: Style, left: float, right: float, street: float) -> Plan:
    """Storeys, bays and the choices of one building between two x positions, without any parts yet."""
    roof = pick(rng, style.roofs)
    storeys = int(rng.integers(style.storeys[0], style.storeys[1] + 1))
    sky = rng.uniform(0.02, 0.10)
    roof_share = ROOF_HEIGHTS[roof] * rng.uniform(0.8, 1.2)
    top = min(sky + roof_share, street - 0.34)
    ground = rng.uniform(1.1, 1.45)
    storey = (street - top) / (storeys - 1 + ground)
    floors = [top + storey * index for index in range(storeys)] + [street]
    bays = max(2, round((right - left) / (storey * rng.uniform(*style.bay))))
    edge = (right - left) * rng.uniform(0.01, 0.04)
    edges = [float(x) for x in np.linspace(left + edge, right - edge, bays + 1)]
    every = pick(rng, (1, 2, 3))
    start = int(rng.integers(0, every))
    with_balconies = rng.random() < style.balconies
    return Plan(
        rng=rng,
        style=style,
        box=Box(left, top, right, street),
        edges=edges,
        floors=floors,
        glazing=pick(rng, style.glazing),
        railing=pick(rng, style.railings),
        texture=pick(rng, style.textures),
        base=pick(rng, style.bases),
        roof=roof,
        covering=pick(rng, style.coverings),
        window_width=rng.uniform(*style.window_width),
        window_height=rng.uniform(*style.window_height),
        shuttered=rng.random() < style.shutters,
        hooded=rng.random() < style.hoods,
        sills=rng.random() < style.sills,
        balcony_bays=frozenset(range(start, bays, every)) if with_balconies else frozenset(),
    )
