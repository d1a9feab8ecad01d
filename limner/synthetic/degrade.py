"""What a poor phone camera makes of a picture: the input of photo enhancement, with the good picture as its truth."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]


def degrade(image: Bytes, rng: np.random.Generator) -> Bytes:
    """A (height, width, 3) uint8 picture as a cheap phone takes it: soft, dull, tinted, dark in the corners, noisy.

    The camera is always the same one, as in the DPED data set (Ignatov et al., ICCV 2017): its tint and its loss of
    contrast vary only a little from picture to picture.
    """
    height, width = image.shape[:2]
    share = rng.uniform(0.45, 0.6)
    small = Image.fromarray(image).resize((round(width * share), round(height * share)), Image.Resampling.BILINEAR)
    soft = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), np.float32) / 255
    tint = np.array([0.90, 1.0, 0.93], np.float32) + rng.uniform(-0.03, 0.03, 3).astype(np.float32)
    dull = (0.16 + rng.uniform(0, 0.04)) + soft * tint * np.float32(rng.uniform(0.60, 0.68))
    grey = dull.mean(2, keepdims=True)
    dull = grey + (dull - grey) * np.float32(0.72)
    ys, xs = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    dull *= (1 - np.float32(rng.uniform(0.16, 0.24)) * (xs**2 + ys**2))[..., None]
    dull += rng.standard_normal(dull.shape, np.float32) * np.float32(0.025)
    file = BytesIO()
    Image.fromarray((np.clip(dull, 0, 1) * 255).astype(np.uint8)).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file)).copy()
