"""What stands where in one picture: buildings, light, sky and the camera, before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limner.synthetic.layout import draw_building
from limner.synthetic.palette import Colour, pick, vary
from limner.synthetic.plan import Building
from limner.synthetic.styles import STYLES, Style


@dataclass(frozen=True)
class Light:
    """Sun and sky. The sun stands left (side -1) or right (+1) of the camera."""

    side: int
    slant: float
    """Sideways length of a shadow for each unit that a thing stands out."""
    drop: float
    """Downward length of a shadow for each unit that a thing stands out."""
    sun: Colour
    ambient: Colour


@dataclass(frozen=True)
class Sky:
    """Colours from the top to the horizon, and how cloudy it is (0..1)."""

    top: Colour
    horizon: Colour
    clouds: float


@dataclass(frozen=True)
class Scene:
    """One picture. Positions are shares of the picture's side; y runs downwards."""

    style: Style
    buildings: tuple[Building, ...]
    """From back to front; the last is the one that the picture is about."""
    street: float
    """Where the pavement begins."""
    light: Light
    sky: Sky
    lamps: tuple[float, ...]
    """Where street lamps stand."""
    corners: tuple[tuple[float, float], ...]
    """Corners of what the camera sees: top left, bottom left, bottom right, top right."""
    lit: float
    """Share of windows that are lit at night."""


def draw_scene(rng: np.random.Generator, style: Style | None = None) -> Scene:
    """A random scene, of a style if one is given."""
    style = style or pick(rng, STYLES)
    street = rng.uniform(0.90, 0.955)
    left = rng.uniform(0.06, 0.2) if rng.random() < 0.3 else -0.05
    right = rng.uniform(0.8, 0.94) if rng.random() < 0.3 else 1.05
    buildings = []
    if left > 0 and rng.random() < 0.75:
        buildings.append(draw_building(rng, style, left - 0.6, left, street))
    if right < 1 and rng.random() < 0.75:
        buildings.append(draw_building(rng, style, right, right + 0.6, street))
    buildings.append(draw_building(rng, style, left, right, street))
    light, sky = _weather(rng)
    lamps = tuple(float(x) for x in rng.uniform(0.05, 0.95, int(rng.integers(0, 3))))
    jitter = rng.uniform(0.0, 0.035, 8)
    near, far = jitter, 1 - jitter
    corners = ((near[0], near[1]), (near[2], far[3]), (far[4], far[5]), (far[6], near[7]))
    return Scene(style, tuple(buildings), street, light, sky, lamps, corners, rng.uniform(0.3, 0.65))


def _weather(rng: np.random.Generator) -> tuple[Light, Sky]:
    side = pick(rng, (-1, 1))
    slant, drop = rng.uniform(0.35, 0.9), rng.uniform(0.7, 1.5)
    kind = pick(rng, ("clear", "clear", "hazy", "overcast", "low"))
    if kind == "overcast":
        grey = rng.uniform(0.74, 0.9)
        sun, ambient = (0.20, 0.20, 0.20), (0.74, 0.76, 0.79)
        sky = Sky((grey * 0.93, grey * 0.96, grey), (grey, grey, grey), rng.uniform(0.3, 0.8))
    elif kind == "low":
        sun, ambient = (0.66, 0.53, 0.36), (0.47, 0.50, 0.58)
        sky = Sky(vary(rng, "#7fa0c8", 0.05), vary(rng, "#f0dcc0", 0.04), rng.uniform(0.2, 0.7))
    elif kind == "hazy":
        sun, ambient = (0.42, 0.40, 0.36), (0.60, 0.62, 0.65)
        sky = Sky(vary(rng, "#a8c0d6", 0.05), vary(rng, "#e6eaec", 0.03), rng.uniform(0.2, 0.6))
    else:
        sun, ambient = (0.60, 0.57, 0.50), (0.45, 0.49, 0.56)
        sky = Sky(vary(rng, "#4a84c4", 0.06), vary(rng, "#b4d2ea", 0.04), rng.uniform(0.0, 0.5))
    return Light(side, slant, drop, sun, ambient), sky
