"""One drawn facade: its label map, and its picture by day and by night."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from limner.synthetic.camera import by_day, by_night, canvas_side, label_map
from limner.synthetic.canvas import Canvas
from limner.synthetic.painter import paint_scene
from limner.synthetic.scene import Scene, draw_scene
from limner.synthetic.styles import STYLES

Bytes = npt.NDArray[np.uint8]

STYLE_NAMES = tuple(style.name for style in STYLES)


@dataclass(frozen=True)
class Facade:
    """A facade; its pictures are painted when they are first asked for."""

    scene: Scene
    seed: int
    index: int
    size: int

    @property
    def style(self) -> str:
        """Name of the building style, one of `STYLE_NAMES`."""
        return self.scene.style.name

    @cached_property
    def labels(self) -> Bytes:
        """Label map (size, size, 3), uint8: exactly the colours of `Label`."""
        return label_map(self.scene, self.size)

    @cached_property
    def day(self) -> Bytes:
        """Picture by day (size, size, 3), uint8."""
        return by_day(self._canvas, self.scene, self.size, self._random(3))

    @cached_property
    def night(self) -> Bytes:
        """The same place by night (size, size, 3), uint8."""
        return by_night(self._canvas, self.scene, self.size, self._random(4))

    @cached_property
    def _canvas(self) -> Canvas:
        canvas = Canvas(canvas_side(self.size), self.scene.light, self.scene.lit, self._random(1), self._random(2))
        paint_scene(canvas, self.scene)
        return canvas

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.index, purpose))


def draw_facade(seed: int, index: int, size: int, style: str | None = None) -> Facade:
    """Facade number `index` of a seed: the same one on every machine, in every process, however many are drawn.

    Args:
        seed: 0 or more.
        index: 0 or more.
        size: side of the pictures in pixels, at least 32.
        style: one of `STYLE_NAMES`; drawn at random by default.

    Raises:
        ValueError: the size is below 32 or there is no such style.
    """
    if size < 32:
        raise ValueError(f"size is {size}, but a facade needs at least 32 pixels")
    if style is not None and style not in STYLE_NAMES:
        raise ValueError(f"no style {style!r}; there are {', '.join(STYLE_NAMES)}")
    wanted = next((one for one in STYLES if one.name == style), None)
    return Facade(draw_scene(np.random.default_rng((seed, index, 0)), wanted), seed, index, size)
