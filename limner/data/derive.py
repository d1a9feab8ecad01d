"""Make the input of a pair out of its target, so that one folder of photographs is a paired task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from limner.config.data import DeriveSettings
from limner.data.images import Pixels


def derive(target: Pixels, settings: DeriveSettings, size: int) -> Pixels:
    """The input picture for a target, uint8 (H, W, C) like it; a pure function of its arguments.

    - `edges`: black lines, one pixel wide, on white (as in the edges2shoes and edges2handbags sets of
      arXiv:1611.07004), found by Canny's detector (Canny 1986) in the grey picture.
    - `grey`: luminance (ITU-R 601-2) in every channel.
    - `low-resolution`: made smaller by 4 * strength and enlarged again, bicubic both ways.
    - `blur-noise`: Gaussian blur, then Gaussian noise from a generator keyed by the picture's own pixels.

    Args:
        target: uint8 (H, W, C), C of 1, 3 or 4; opacity, the fourth, is kept.
        settings: what to derive, and how strongly.
        size: side of the training pictures; the sigma of `edges` is strength * (1 + size / 128) pixels. Chosen by eye
            on garments and facades: less, and the folds and the carpet drown the outlines, at 64 px above all.
    """
    made = _KINDS[settings.kind](target[..., :3], settings.strength, size)
    return np.concatenate([made, target[..., 3:]], axis=2) if target.shape[2] == 4 else made


def _edges(target: Pixels, strength: float, size: int) -> Pixels:
    # Imported here because it brings half of SciPy, which no other start should wait for.
    from skimage.feature import canny

    # The detector finds nothing on the outermost pixels, and takes an empty margin for an edge: continue the picture.
    grey = np.pad(_luminance(target) / 255.0, 1, mode="edge")
    lines: NDArray[np.bool_] = canny(  # type: ignore[no-untyped-call]
        grey, sigma=strength * (1 + size / 128), mode="nearest"
    )[1:-1, 1:-1]
    return _every_channel(np.where(lines, 0, 255).astype(np.uint8), target)


def _grey(target: Pixels, strength: float, size: int) -> Pixels:
    return _every_channel(_luminance(target), target)


def _low_resolution(target: Pixels, strength: float, size: int) -> Pixels:
    height, width = target.shape[:2]
    small = (max(1, round(width / (4 * strength))), max(1, round(height / (4 * strength))))
    bicubic = Image.Resampling.BICUBIC
    return np.array(_image(target).resize(small, bicubic).resize((width, height), bicubic)).reshape(target.shape)


def _blur_noise(target: Pixels, strength: float, size: int) -> Pixels:
    # Imported here because it brings torch, which no other look at pictures should wait for.
    from limner.random import numpy_generator, seed_for_image

    blurred = np.asarray(_image(target).filter(ImageFilter.GaussianBlur(2 * strength))).reshape(target.shape)
    noise = numpy_generator(seed_for_image(target.tobytes(), "blur-noise")).standard_normal(target.shape, np.float32)
    noisy: NDArray[np.float32] = blurred + 10 * strength * noise
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _image(target: Pixels) -> Image.Image:
    return Image.fromarray(target[..., 0] if target.shape[2] == 1 else target)


def _luminance(target: Pixels) -> Pixels:
    return np.asarray(_image(target).convert("L"))


def _every_channel(grey: Pixels, target: Pixels) -> Pixels:
    return np.repeat(grey[:, :, None], target.shape[2], axis=2)


_KINDS: dict[str, Callable[[Pixels, float, int], Pixels]] = {
    "edges": _edges,
    "grey": _grey,
    "low-resolution": _low_resolution,
    "blur-noise": _blur_noise,
}
