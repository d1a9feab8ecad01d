"""One pair from its files: opened, halved, made square, resized, its input derived if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from limner.config.data import DeriveSettings
from limner.data.derive import derive
from limner.data.discover import is_side_by_side
from limner.data.matching import Pair, Source
from limner.data.pictures import PictureError, Pixels, read_picture


@dataclass(frozen=True)
class Decoding:
    """All that decides the stored pixels of a pair.

    Attributes:
        stored: side of the stored square pictures in pixels.
        size: side of the training pictures, which scales what is derived.
        fit: how other shapes become square.
        derive: how the input is made when a pair has none.
    """

    stored: int
    size: int
    fit: Literal["stretch", "crop"]
    derive: DeriveSettings | None


@dataclass(frozen=True)
class DecodedPair:
    """Pixels of a pair, uint8 (2, 3, stored, stored), input first; and the content hash of each of its files."""

    pixels: Pixels
    digests: tuple[str, ...]


def decode_pair(pair: Pair, decoding: Decoding) -> DecodedPair:
    """Opens and resizes one pair.

    Raises:
        PictureError: one of its files is unusable, or is not side by side where it should be.
    """
    sources = [source for source in (pair.input, pair.target) if source]
    opened = {path: read_picture(path) for path in dict.fromkeys(source.path for source in sources)}
    halves = [square(_part(source, opened[source.path][0]), decoding.stored, decoding.fit) for source in sources]
    if pair.input is None:
        if decoding.derive is None:
            raise ValueError(f"{pair.name} has no input and nothing says how to derive it")
        halves.insert(0, derive(halves[0], decoding.derive, decoding.size))
    return DecodedPair(_planes(halves), tuple(digest for _, digest in opened.values()))


def square(pixels: Pixels, side: int, fit: Literal["stretch", "crop"]) -> Pixels:
    """uint8 (H, W, 3) -> (side, side, 3) by Pillow's antialiased bicubic; `crop` takes the central square first."""
    height, width = pixels.shape[:2]
    if fit == "crop":
        least = min(height, width)
        top, left = (height - least) // 2, (width - least) // 2
        pixels = pixels[top : top + least, left : left + least]
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def _part(source: Source, pixels: Pixels) -> Pixels:
    if source.half is None:
        return pixels
    height, width = pixels.shape[:2]
    if not is_side_by_side(width, height):
        raise PictureError(
            source.path, f"{width} x {height} pixels is no side-by-side pair (about twice as wide as high)"
        )
    return pixels[:, : width // 2] if source.half == "left" else pixels[:, width - width // 2 :]


def _planes(halves: Sequence[Pixels]) -> Pixels:
    return np.ascontiguousarray(np.stack(halves).transpose(0, 3, 1, 2))
