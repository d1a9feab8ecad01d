"""What the painters paint on: paint, sunlight and lit surfaces apart, so that day and night share one painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from limner.synthetic.palette import Colour
from limner.synthetic.scene import Light
from limner.synthetic.textures import Floats


@dataclass(frozen=True)
class Rect:
    """Whole pixels left..right-1, top..bottom-1; may reach beyond the canvas."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def inset(self, x: int, y: int) -> Rect:
        """Smaller on every side, but never inside out."""
        x, y = min(x, (self.width - 1) // 2), min(y, (self.height - 1) // 2)
        return Rect(self.left + x, self.top + y, self.right - x, self.bottom - y)


class Canvas:
    """Layers of one picture while it is painted, `side` pixels square.

    Attributes:
        paint: (side, side, 3) in 0..1, the colour of every surface under white light.
        sun: (side, side) in 0..1, how much sunlight arrives.
        glow: (side, side, 3), light that surfaces give out at night.
        lit: share of windows that are lit at night.
        detail: random numbers for choices; the same for every side.
        grain: random numbers for textures; how many are drawn depends on the side.
    """

    def __init__(
        self, side: int, light: Light, lit: float, detail: np.random.Generator, grain: np.random.Generator
    ) -> None:
        self.side = side
        self.light = light
        self.lit = lit
        self.detail = detail
        self.grain = grain
        self.paint: Floats = np.zeros((side, side, 3), np.float32)
        self.sun: Floats = np.ones((side, side), np.float32)
        self.glow: Floats = np.zeros((side, side, 3), np.float32)
        self.lamps: list[tuple[float, float, float]] = []
        """Where lamps shine at night: x, y and reach, as shares of the side."""

    def rect(self, left: float, top: float, right: float, bottom: float) -> Rect:
        """Shares of the side as whole pixels, at least one wide and high."""
        x, y = round(left * self.side), round(top * self.side)
        return Rect(x, y, max(round(right * self.side), x + 1), max(round(bottom * self.side), y + 1))

    def length(self, share: float) -> int:
        """A share of the side in whole pixels, at least one."""
        return max(1, round(share * self.side))

    def clip(self, rect: Rect) -> Rect:
        """The part of a rectangle that lies on the canvas; may be empty."""
        left, top = min(max(rect.left, 0), self.side), min(max(rect.top, 0), self.side)
        return Rect(left, top, max(left, min(rect.right, self.side)), max(top, min(rect.bottom, self.side)))

    def fill(self, rect: Rect, colour: Colour | Floats) -> None:
        """Paint a surface in the sun: one colour, or an array of the clipped rectangle's height and width."""
        area = _slices(self.clip(rect))
        self.paint[area] = colour
        self.sun[area] = 1.0
        self.glow[area] = 0.0

    def outline(self, points: Sequence[tuple[float, float]], colour: Colour | Floats) -> None:
        """Paint a polygon (in pixels) in the sun: one colour, or an array shaped like the rectangle of `mask`."""
        rect, mask = self.mask(points)
        area = _slices(rect)
        self.paint[area][mask] = colour[mask] if isinstance(colour, np.ndarray) else colour
        self.sun[area][mask] = 1.0
        self.glow[area][mask] = 0.0

    def mask(self, points: Sequence[tuple[float, float]]) -> tuple[Rect, npt.NDArray[np.bool_]]:
        """The rectangle around a polygon (in pixels), clipped, and which of its pixels the polygon covers."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        rect = self.clip(Rect(int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1))
        image = Image.new("1", (max(rect.width, 1), max(rect.height, 1)))
        ImageDraw.Draw(image).polygon([(x - rect.left, y - rect.top) for x, y in points], fill=1)
        return rect, np.asarray(image)[: rect.height, : rect.width]

    def tint(self, rect: Rect, factor: float | Floats) -> None:
        """Make the paint lighter or darker by a factor; an array is shaped like the clipped rectangle."""
        self.paint[_slices(self.clip(rect))] *= factor

    def shade(self, rect: Rect, sun: float = 0.0) -> None:
        """At most this much sunlight arrives here."""
        area = _slices(self.clip(rect))
        self.sun[area] = np.minimum(self.sun[area], sun)

    def cast(self, rect: Rect, depth: float) -> None:
        """The shadow on the wall of something that stands out from it by `depth` pixels; paint the thing afterwards."""
        x, y = round(-self.light.side * depth * self.light.slant), round(depth * self.light.drop)
        top = min(rect.top + y, rect.bottom)
        self.shade(Rect(rect.left + x // 2, top, rect.right + x // 2, rect.bottom + y // 2))
        self.shade(Rect(rect.left + x, top, rect.right + x, rect.bottom + y))

    def shine(self, rect: Rect, light: Colour | Floats) -> None:
        """At night this surface gives out light; an array is shaped like the clipped rectangle."""
        self.glow[_slices(self.clip(rect))] = light

    def frame(self, rect: Rect, thickness: int, colour: Colour) -> None:
        """Paint only the border of a rectangle."""
        left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
        self.fill(Rect(left, top, right, top + thickness), colour)
        self.fill(Rect(left, bottom - thickness, right, bottom), colour)
        self.fill(Rect(left, top, left + thickness, bottom), colour)
        self.fill(Rect(right - thickness, top, right, bottom), colour)

    def copy(self, rect: Rect) -> tuple[Floats, Floats, Floats]:
        """What stands here now, for `restore`."""
        area = _slices(self.clip(rect))
        return self.paint[area].copy(), self.sun[area].copy(), self.glow[area].copy()

    def restore(self, rect: Rect, saved: tuple[Floats, Floats, Floats], where: npt.NDArray[np.bool_]) -> None:
        """Put back what stood here before, where the mask (shaped like the clipped rectangle) says so."""
        area = _slices(self.clip(rect))
        for layer, old in zip((self.paint, self.sun, self.glow), saved, strict=True):
            layer[area][where] = old[where]


def _slices(rect: Rect) -> tuple[slice, slice]:
    return slice(rect.top, rect.bottom), slice(rect.left, rect.right)
