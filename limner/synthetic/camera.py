"""Lights a painted scene by day or by night and takes its picture; maps its labels through the same camera."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from limner.synthetic.canvas import Canvas
from limner.synthetic.labels import Label
from limner.synthetic.scene import Scene
from limner.synthetic.textures import Floats

Bytes = npt.NDArray[np.uint8]

_LABELS = list(Label)
_COLOURS = np.array([label.value for label in _LABELS], np.uint8)
_NUMBERS = {label: number for number, label in enumerate(_LABELS)}


_NIGHT = ((0.92, 0.15, 0.022, 0.10), (0.68, 0.175, 0.035, 0.09), (0.40, 0.265, 0.100, 0.10))
"""For red, green and blue: light of lamps, light of the dusk, sky above, and what the sky gains to the horizon."""


def canvas_side(size: int) -> int:
    """Side of the canvas for a picture of `size` pixels: twice as large, for small pictures three or four times."""
    return size * (2 if size >= 192 else 3 if size >= 96 else 4)


def label_map(scene: Scene, size: int) -> Bytes:
    """(size, size, 3): the flat colours of `Label`, pixel by pixel under the picture."""
    side = canvas_side(size)
    seen = _numbers(scene, side).transform(
        (size, size), Image.Transform.QUAD, _quad(scene, side), Image.Resampling.NEAREST
    )
    return np.take(_COLOURS, np.asarray(seen), axis=0)


def by_day(canvas: Canvas, scene: Scene, size: int, noise: np.random.Generator) -> Bytes:
    """(size, size, 3): the painted scene in the light of its day."""
    sun = _softened(canvas.sun)
    sun[_sky(scene, canvas.side)] = 1
    fall = np.linspace(1.04, 0.93, canvas.side, dtype=np.float32)[:, None]
    image = np.empty_like(canvas.paint)
    for channel, (sunlight, skylight) in enumerate(zip(scene.light.sun, scene.light.ambient, strict=True)):
        light = sun * np.float32(sunlight)
        light += np.float32(skylight)
        light *= fall
        np.multiply(canvas.paint[..., channel], light, out=image[..., channel])
    return _photograph(image, scene, size, noise, 0.010)


def by_night(canvas: Canvas, scene: Scene, size: int, noise: np.random.Generator) -> Bytes:
    """(size, size, 3): the same place at night, by lamps, lit windows and what the sky gives back of the city."""
    lamps, sky = _lamplight(canvas), _sky(scene, canvas.side)
    shade = _softened(canvas.sun) * np.float32(0.25) + np.float32(0.75)
    down = np.linspace(0, 1, canvas.side, dtype=np.float32)[:, None]
    image = canvas.glow + _bloom(canvas.glow) * np.float32(0.55)
    for channel, (lamp, dusk, zenith, horizon) in enumerate(_NIGHT):
        lit = (lamps * np.float32(lamp) + np.float32(dusk)) * shade * canvas.paint[..., channel]
        heaven = np.float32(zenith) + down * np.float32(horizon) + canvas.paint[..., channel] * np.float32(0.03)
        image[..., channel] += np.where(sky, heaven, lit)
    return _photograph(image, scene, size, noise, 0.014)


def _lamplight(canvas: Canvas) -> Floats:
    """(side, side): warm light around every lamp, computed coarsely because it is smooth."""
    coarse = 64
    ys, xs = (np.mgrid[0:coarse, 0:coarse].astype(np.float32) + np.float32(0.5)) / coarse
    pool = np.zeros((coarse, coarse), np.float32)
    for x, y, reach in canvas.lamps:
        distance = np.sqrt((xs - np.float32(x)) ** 2 + (ys - np.float32(y)) ** 2)
        pool += np.exp(distance * np.float32(-2.2 / reach))
    whole = Image.fromarray(pool).resize((canvas.side, canvas.side), Image.Resampling.BICUBIC)
    return np.asarray(whole)


def _bloom(glow: Floats) -> Floats:
    """Light scattered in the lens around bright surfaces, same shape."""
    side = glow.shape[0]
    bright = Image.fromarray((glow.clip(0, 1) * 255).astype(np.uint8))
    small = bright.resize((side // 4, side // 4), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(side / 140))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), np.float32) / np.float32(255)


def _photograph(light: Floats, scene: Scene, size: int, noise: np.random.Generator, grain: float) -> Bytes:
    """Through the lens: the camera's perspective, reduction to `size`, tone curve, sensor noise."""
    brightest = 1.2
    exposed = _softened(light) if len(light) > size else light
    exposed *= np.float32(255 / brightest)
    image = Image.fromarray(np.clip(exposed, 0, 255).astype(np.uint8))
    seen = image.transform((size, size), Image.Transform.QUAD, _quad(scene, len(light)), Image.Resampling.BILINEAR)
    developed = np.asarray(seen, np.float32) * np.float32(brightest)
    developed -= np.maximum(developed - np.float32(204), 0) * np.float32(0.5)
    shot = noise.integers(0, 256, (2, size, size, 3), np.uint8).astype(np.float32)
    shot -= np.float32(127.5)
    developed += (shot[0, ..., :1] + shot[1] * np.float32(0.7)) * np.float32(2.4 * grain)
    developed += np.float32(0.5)
    return developed.clip(0, 255).astype(np.uint8)


def _softened(layer: Floats) -> Floats:
    """The mean of every two by two pixels: takes the stairs off edges before the camera looks."""
    soft = layer.copy()
    soft[1:] += layer[:-1]
    soft[0] *= 2
    across = soft.copy()
    across[:, 1:] += soft[:, :-1]
    across[:, 0] *= 2
    across *= np.float32(0.25)
    return across


def _numbers(scene: Scene, side: int) -> Image.Image:
    """(side, side) picture of class numbers, before the camera."""
    image = Image.new("L", (side, side), _NUMBERS[Label.BACKGROUND])
    draw = ImageDraw.Draw(image)
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
    return image


def _sky(scene: Scene, side: int) -> npt.NDArray[np.bool_]:
    numbers: Bytes = np.asarray(_numbers(scene, side))
    sky: npt.NDArray[np.bool_] = numbers == _NUMBERS[Label.BACKGROUND]
    return sky


def _quad(scene: Scene, side: int) -> list[float]:
    return [share * side for corner in scene.corners for share in corner]
