"""Paints what is no building: sky, pavement, road and street lamps."""

from __future__ import annotations

import numpy as np
from PIL import Image

from limner.synthetic.canvas import Canvas, Rect
from limner.synthetic.scene import Scene
from limner.synthetic.textures import Floats, coloured, fine_noise, smooth_noise

_IRON = (0.10, 0.11, 0.11)


def paint_sky(canvas: Canvas, scene: Scene) -> None:
    """A gradient with soft clouds over the whole canvas."""
    side = max(canvas.side // 4, 32)
    down = np.linspace(0, 1.6, side, dtype=np.float32).clip(0, 1)[:, None, None]
    top, horizon = np.asarray(scene.sky.top, np.float32), np.asarray(scene.sky.horizon, np.float32)
    clouds = smooth_noise(canvas.grain, (side, side), (13, 5)) + 0.5 * smooth_noise(
        canvas.grain, (side, side), (30, 11)
    )
    share = np.clip(clouds * 0.8 + scene.sky.clouds - 0.35, 0, 0.85)[..., None]
    clear = top + (horizon - top) * down
    sky = (clear + (np.float32(0.93) - clear) * share) / _full_light(scene)
    small = Image.fromarray((np.clip(sky / 2, 0, 1) * 255).astype(np.uint8))
    whole = small.resize((canvas.side, canvas.side), Image.Resampling.BILINEAR)
    np.multiply(np.asarray(whole), np.float32(2 / 255), out=canvas.paint)


def _full_light(scene: Scene) -> Floats:
    """The sky is no surface: divided by the light that the picture will be multiplied with, it keeps its colour."""
    return np.asarray(scene.light.sun, np.float32) + np.asarray(scene.light.ambient, np.float32)


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
    canvas.fill(Rect(0, top, side, side), coloured(tone.astype(np.float32), (1.0, 0.98, 0.95)))
    canvas.shade(Rect(0, top, side, top + canvas.length(0.004)), 0.4)


def paint_lamps(canvas: Canvas, scene: Scene) -> None:
    """Street lamps in front of the house, which light it at night."""
    for x in scene.lamps:
        middle, foot = round(x * canvas.side), round((scene.street + 0.015) * canvas.side)
        top = round((scene.street - 0.3) * canvas.side)
        post, head = canvas.length(0.005), max(2, canvas.length(0.022))
        canvas.fill(Rect(middle, top, middle + post, foot), _IRON)
        left = middle + post // 2 - head // 2
        lantern = Rect(left, top - head, left + head, top + head // 3)
        canvas.fill(lantern, _IRON)
        glass = lantern.inset(max(1, head // 5), max(1, head // 5))
        canvas.fill(glass, (0.78, 0.78, 0.72))
        canvas.shine(glass, (1.6, 1.35, 0.95))
        canvas.lamps.append((x, scene.street - 0.3, 0.30))
