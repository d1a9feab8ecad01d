"""Colours of one building, drawn from the colours its style allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from limner.synthetic.styles import Style

Colour = tuple[float, float, float]
"""Red, green, blue in 0..1."""
Option = TypeVar("Option")


@dataclass(frozen=True)
class Palette:
    """The paints and materials of one building."""

    wall: Colour
    base: Colour
    """Wall of the ground floor."""
    trim: Colour
    """Sills, cornices, hoods, pilasters."""
    beam: Colour
    """Timber beams and flat bands."""
    frame: Colour
    shutter: Colour
    door: Colour
    iron: Colour
    """Railings."""
    roof: Colour
    awning: Colour
    sign: Colour


def draw_palette(rng: np.random.Generator, style: Style) -> Palette:
    """Colours for one building: each picked from the style's list and varied a little."""
    wall = vary(rng, pick(rng, style.walls), 0.06)
    base = scaled(wall, rng.uniform(0.72, 1.0)) if rng.random() < 0.6 else vary(rng, pick(rng, style.trims), 0.05)
    return Palette(
        wall=wall,
        base=base,
        trim=vary(rng, pick(rng, style.trims), 0.04),
        beam=vary(rng, pick(rng, style.beams), 0.03),
        frame=vary(rng, pick(rng, style.frames), 0.02),
        shutter=vary(rng, pick(rng, style.shutter_paints), 0.04),
        door=vary(rng, pick(rng, style.doors), 0.03),
        iron=vary(rng, pick(rng, ("#1c1c1e", "#26292b", "#23302a", "#3a3c40")), 0.02),
        roof=vary(rng, pick(rng, style.roof_paints), 0.04),
        awning=vary(rng, pick(rng, ("#a3262a", "#1f5136", "#23406e", "#c98a1c", "#7b2d4f", "#2c2c2e")), 0.05),
        sign=vary(rng, pick(rng, ("#1d3b2f", "#22223a", "#7a1d1d", "#e8e2d0", "#2b2b2b", "#8a5a1e", "#1f4f77")), 0.05),
    )


def vary(rng: np.random.Generator, paint: str, amount: float) -> Colour:
    """A hexadecimal colour, made lighter or darker as a whole and shifted a little per channel."""
    lightness = rng.uniform(-amount, amount)
    parts = [int(paint[start : start + 2], 16) / 255 + lightness for start in (1, 3, 5)]
    red, green, blue = (min(max(part + rng.uniform(-amount, amount) / 3, 0.02), 0.98) for part in parts)
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour times a factor."""
    return min(colour[0] * factor, 1.0), min(colour[1] * factor, 1.0), min(colour[2] * factor, 1.0)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    red, green, blue = (one + (other - one) * share for one, other in zip(first, second, strict=True))
    return red, green, blue


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """One of the options, each as likely as the others."""
    return options[int(rng.integers(len(options)))]
