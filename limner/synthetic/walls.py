"""Paints walls and roofs."""

from __future__ import annotations

import numpy as np

from limner.synthetic.canvas import Canvas, Rect
from limner.synthetic.palette import Colour, mixed, scaled
from limner.synthetic.plan import Building, Part
from limner.synthetic.textures import (
    Floats,
    Shape,
    boards,
    concrete,
    fine_noise,
    masonry,
    plaster,
    roof_tiles,
    seams,
    smooth_noise,
)


def paint_wall(canvas: Canvas, building: Building, part: Part) -> None:
    """A wall or a gable in its texture, darker near the ground and stained."""
    texture, _, base = part.look.partition(" ")
    colour = building.palette.base if base else building.palette.wall
    if part.outline:
        points = [(x * canvas.side, y * canvas.side) for x, y in part.outline]
        rect, _ = canvas.mask(points)
        canvas.outline(points, _texture(canvas, texture, (rect.height, rect.width), colour))
        return
    rect = canvas.clip(_place(canvas, part))
    if not rect.width or not rect.height:
        return
    shape = (rect.height, rect.width)
    surface = _texture(canvas, texture, shape, colour)
    dirt = _weather(canvas, shape, bool(base))
    for channel in range(3):
        surface[..., channel] *= dirt
    canvas.fill(rect, surface)


def paint_roof(canvas: Canvas, building: Building, part: Part) -> None:
    """A roof plane, a chimney, the cheeks of a dormer, or the edge of a gable."""
    palette = building.palette
    rect = _place(canvas, part)
    if part.look == "chimney":
        canvas.cast(rect, canvas.length(0.01))
        stack = canvas.clip(rect)
        colour = mixed(palette.roof, (0.5, 0.3, 0.24), 0.6)
        canvas.fill(stack, _texture(canvas, "brick", (stack.height, stack.width), colour))
        cap = Rect(rect.left - 1, rect.top, rect.right + 1, rect.top + canvas.length(0.006))
        canvas.fill(cap, scaled(palette.trim, 0.8))
        return
    if part.look == "dormer":
        canvas.cast(rect, canvas.length(0.02))
        canvas.fill(rect, palette.trim)
        eave = canvas.length(0.009)
        canvas.fill(Rect(rect.left - eave, rect.top, rect.right + eave, rect.top + eave), scaled(palette.roof, 0.8))
        canvas.shade(Rect(rect.left, rect.top + eave, rect.right, rect.top + 2 * eave))
        return
    points = [(x * canvas.side, y * canvas.side) for x, y in part.outline]
    area, _ = canvas.mask(points)
    if not area.width or not area.height:
        return
    if part.look == "verge":
        _cast_outline(canvas, points, canvas.length(0.016))
    canvas.outline(points, _roofing(canvas, part.look, (area.height, area.width), palette.roof))


def _cast_outline(canvas: Canvas, points: list[tuple[float, float]], depth: float) -> None:
    x, y = -canvas.light.side * depth * canvas.light.slant, depth * canvas.light.drop
    rect, mask = canvas.mask([(px + x, py + y) for px, py in points])
    canvas.sun[rect.top : rect.bottom, rect.left : rect.right][mask] = 0


def _roofing(canvas: Canvas, look: str, shape: Shape, colour: Colour) -> Floats:
    if look == "zinc":
        return seams(canvas.grain, shape, colour, _texel(canvas, 0.03, 4))
    tile = (_texel(canvas, 0.016, 3), _texel(canvas, 0.014, 3))
    return roof_tiles(canvas.grain, shape, colour, tile, round_ends=look == "tiles")


def _texture(canvas: Canvas, texture: str, shape: Shape, colour: Colour) -> Floats:
    if not shape[0] or not shape[1]:
        return np.zeros((*shape, 3), np.float32)
    match texture:
        case "brick":
            block = (_texel(canvas, 0.0135, 3), _texel(canvas, 0.036, 7))
            mortar = mixed(scaled(colour, 0.9), (0.66, 0.63, 0.58), 0.55)
            return masonry(canvas.grain, shape, colour, mortar, block, max(1, canvas.length(0.0026)), 0.10)
        case "ashlar":
            block = (_texel(canvas, 0.034, 6), _texel(canvas, 0.082, 12))
            return masonry(canvas.grain, shape, colour, scaled(colour, 0.78), block, 1, 0.035)
        case "rusticated":
            block = (_texel(canvas, 0.042, 7), _texel(canvas, 0.13, 14))
            return masonry(canvas.grain, shape, colour, scaled(colour, 0.5), block, canvas.length(0.005), 0.04)
        case "siding":
            return boards(canvas.grain, shape, colour, _texel(canvas, 0.019, 4))
        case "concrete":
            return concrete(canvas.grain, shape, colour, (canvas.length(0.12), canvas.length(0.18)))
    return plaster(canvas.grain, shape, colour)


def _texel(canvas: Canvas, share: float, least: int) -> int:
    """Length of a texture's unit: a share of the side, but never too small to be seen."""
    return max(canvas.length(share), least)


def _weather(canvas: Canvas, shape: Shape, base: bool) -> Floats:
    """(height, width) factor: soft dirt, streaks that run down, and a grey splash zone at the foot."""
    dirt = smooth_noise(canvas.grain, shape, (4, 5)) * np.float32(0.07)
    dirt += smooth_noise(canvas.grain, shape, (3, 40)) * np.float32(0.045)
    dirt += 1
    if base:
        height = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
        splash = (
            np.float32(0.26) * np.clip(height * 3 - 2, 0, 1) + fine_noise(canvas.grain, (1, shape[1]), 0.04) * height
        )
        dirt *= 1 - splash
    return dirt


def _place(canvas: Canvas, part: Part) -> Rect:
    return canvas.rect(part.box.left, part.box.top, part.box.right, part.box.bottom)
