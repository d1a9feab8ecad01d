"""Paints what is no building: sky, pavement, road and street lamps."""

from __future__ import annotations

import numpy as np

from limner.data.facades.canvas import Canvas, Rect
from limner.data.facades.scene import Scene
from limner.data.facades.textures import fine_noise, smooth_noise


def paint_sky(canvas: Canvas, scene: Scene) -> None:
    """A gradient with soft clouds over the whole canvas."""
    side = canvas.side
    down = np.linspace(0, 1.6, side, dtype=np.float32).clip(0, 1)[:, None, None]
    top, horizon = np.asarray(scene.sky.top, np.float32), np.asarray(scene.sky.horizon, np.float32)
    canvas.paint[:] = top + (horizon - top) * down
    high = side // 2
    clouds = smooth_noise(canvas.grain, (high, side), (7, 5)) + 0.5 * smooth_noise(canvas.grain, (high, side), (16, 11))
    share = np.clip(clouds * 0.8 + scene.sky.clouds - 0.35, 0, 0.85)[..., None]
    upper = canvas.paint[:high]
    upper += (np.float32(0.93) - upper) * share


def paint_street(canvas: Canvas, scene: Scene) -> None:
    """Pavement slabs, a kerb and the road."""
    side, top = canvas.side, round(scene.street * canvas.side)
    shape = (side - top, side)
    if shape[0] < 1:
        return
    rows = np.arange(shape[0])
    kerb = max(1, round((side - top) * 0.45))
    tone = np.where(rows < kerb, 0.56, 0.31).astype(np.float32)[:, None] + fine_noise(canvas.grain, shape, 0.03)
    tone += 0.04 * smooth_noise(canvas.grain, shape, (4, 12))
    slab = canvas.length(0.05)
    tone[:kerb, np.arange(side) % slab == 0] *= 0.8
    tone[kerb : kerb + canvas.length(0.004)] = 0.68
    tone[kerb + canvas.length(0.004) : kerb + canvas.length(0.009)] = 0.22
    canvas.fill(
        Rect(0, top, side, side), np.asarray(tone[..., None] * np.array([1.0, 0.98, 0.95], np.float32), np.float32)
    )
    canvas.shade(Rect(0, top, side, top + canvas.length(0.004)), 0.4)


def paint_lamps(canvas: Canvas, scene: Scene) -> None:
    """Street lamps in front of the house, which light it at night."""
    for x in scene.lamps:
        middle, top, foot = (
            round(x * canvas.side),
            round((scene.street - 0.3) * canvas.side),
            round((scene.street + 0.015) * canvas.side),
        )
        post, head = max(1, canvas.length(0.005)), max(2, canvas.length(0.022))
        canvas.fill(Rect(middle, top, middle + post, foot), (0.10, 0.11, 0.11))
        lantern = Rect(
            middle + post // 2 - head // 2, top - head, middle + post // 2 + (head + 1) // 2, top + head // 3
        )
        canvas.fill(lantern, (0.10, 0.11, 0.11))
        glass = lantern.inset(max(1, head // 5), max(1, head // 5))
        canvas.fill(glass, (0.78, 0.78, 0.72))
        canvas.shine(glass, (1.6, 1.35, 0.95))
        canvas.lamps.append((x, scene.street - 0.3, 0.24))
