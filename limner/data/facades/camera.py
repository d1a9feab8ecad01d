"""Lights a painted scene by day or by night and takes its picture; maps its labels through the same camera."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from limner.data.facades.canvas import Canvas
from limner.data.facades.labels import Label
from limner.data.facades.scene import Scene
from limner.data.facades.textures import Floats

Bytes = npt.NDArray[np.uint8]

_LABELS = list(Label)
_COLOURS = np.array([label.value for label in _LABELS], np.uint8)
_NUMBERS = {label: number for number, label in enumerate(_LABELS)}


def canvas_side(size: int) -> int:
    """Side of the canvas for a picture of `size` pixels: twice as large, for small pictures three or four times."""
    return size * (2 if size >= 192 else 3 if size >= 96 else 4)


def label_map(scene: Scene, size: int) -> Bytes:
    """(size, size, 3): the flat colours of `Label`, pixel by pixel under the picture."""
    side = canvas_side(size)
    seen = _numbers(scene, side).transform(
        (size, size), Image.Transform.QUAD, _quad(scene, side), Image.Resampling.NEAREST
    )
    return _COLOURS[np.asarray(seen)]


def by_day(canvas: Canvas, scene: Scene, size: int, noise: np.random.Generator) -> Bytes:
    """(size, size, 3): the painted scene in the light of its day."""
    soft = Image.fromarray((canvas.sun * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(canvas.side / 512))
    sun = np.asarray(soft, np.float32)[..., None] * np.float32(1 / 255)
    light = np.asarray(scene.light.ambient, np.float32) + sun * np.asarray(scene.light.sun, np.float32)
    light *= np.linspace(1.04, 0.93, canvas.side, dtype=np.float32)[:, None, None]
    sky = _sky(scene, canvas.side)
    light[sky] = 1.0
    return _photograph(canvas.paint * light, scene, size, noise, 0.010)


def by_night(canvas: Canvas, scene: Scene, size: int, noise: np.random.Generator) -> Bytes:
    """(size, size, 3): the same place at night, by lamps and lit windows."""
    side = canvas.side
    light = np.array([0.10, 0.125, 0.20], np.float32) + _lamplight(canvas) * np.array([0.85, 0.62, 0.36], np.float32)
    picture = canvas.paint * light
    picture *= canvas.sun[..., None] * np.float32(0.25) + np.float32(0.75)
    down = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    heaven = np.array([0.022, 0.035, 0.10], np.float32) + down * np.array([0.10, 0.09, 0.10], np.float32)
    sky = _sky(scene, side)
    picture[sky] = (heaven + canvas.paint * np.float32(0.03))[sky]
    picture += canvas.glow
    picture += _bloom(canvas.glow) * np.float32(0.5)
    return _photograph(picture, scene, size, noise, 0.014)


def _lamplight(canvas: Canvas) -> Floats:
    """(side, side, 1): warm light around every lamp, computed coarsely because it is smooth."""
    coarse = 64
    ys, xs = (np.mgrid[0:coarse, 0:coarse].astype(np.float32) + np.float32(0.5)) / coarse
    pool = np.zeros((coarse, coarse), np.float32)
    for x, y, reach in canvas.lamps:
        distance = np.sqrt((xs - np.float32(x)) ** 2 + (ys - np.float32(y)) ** 2)
        pool += np.exp(distance * np.float32(-2.2 / reach))
    whole = Image.fromarray(pool).resize((canvas.side, canvas.side), Image.Resampling.BICUBIC)
    return np.asarray(whole)[..., None]


def _bloom(glow: Floats) -> Floats:
    """Light scattered in the lens around bright surfaces, same shape."""
    side = glow.shape[0]
    bright = Image.fromarray((np.clip(glow, 0, 1) * 255).astype(np.uint8))
    small = bright.resize((side // 4, side // 4), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(side / 140))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255


def _photograph(light: Floats, scene: Scene, size: int, noise: np.random.Generator, grain: float) -> Bytes:
    """Through the lens: tone curve, the camera's perspective, reduction to `size`, sensor noise."""
    exposed = np.clip(light, 0, 1.2)
    np.subtract(exposed, np.maximum(exposed - np.float32(0.8), 0) * np.float32(0.5), out=exposed)
    picture = Image.fromarray((exposed * 255).astype(np.uint8))
    side = picture.width
    seen = picture.transform((side, side), Image.Transform.QUAD, _quad(scene, side), Image.Resampling.BILINEAR)
    small = np.asarray(seen.resize((size, size), Image.Resampling.BOX), np.float32)
    shot = noise.standard_normal((size, size, 1), np.float32) * np.float32(0.7)
    shot = shot + noise.standard_normal((size, size, 3), np.float32) * np.float32(0.5)
    return np.clip(small + shot * np.float32(255 * grain) + np.float32(0.5), 0, 255).astype(np.uint8)


def _numbers(scene: Scene, side: int) -> Image.Image:
    """(side, side) picture of class numbers, before the camera."""
    picture = Image.new("L", (side, side), _NUMBERS[Label.BACKGROUND])
    draw = ImageDraw.Draw(picture)
    for building in scene.buildings:
        for part in building.parts:
            number = _NUMBERS[part.label]
            if part.outline:
                draw.polygon([(x * side, y * side) for x, y in part.outline], fill=number)
                continue
            left, top = round(part.box.left * side), round(part.box.top * side)
            right, bottom = round(part.box.right * side), round(part.box.bottom * side)
            draw.rectangle((left, top, max(right, left + 1) - 1, max(bottom, top + 1) - 1), fill=number)
    draw.rectangle((0, round(scene.street * side), side, side), fill=_NUMBERS[Label.STREET])
    return picture


def _sky(scene: Scene, side: int) -> npt.NDArray[np.bool_]:
    return np.asarray(_numbers(scene, side)) == _NUMBERS[Label.BACKGROUND]


def _quad(scene: Scene, side: int) -> list[float]:
    return [share * side for corner in scene.corners for share in corner]
