"""One pair, or one picture, from its files: opened, halved, made square, resized, its input derived if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from limner.config.data import DeriveSettings
from limner.data.derive import derive
from limner.data.discover import is_side_by_side
from limner.data.images import ImageError, Pixels, read_image
from limner.data.pairing import Item, Source


@dataclass(frozen=True)
class Decoding:
    """All that decides the stored pixels of an item.

    Attributes:
        stored: side of the stored square pictures in pixels.
        size: side of the training pictures, which scales what is derived.
        fit: how other shapes become square.
        derive: how the input is made when a pair has none.
        images: stored for each item: 2 for pairs, 1 for pictures that stand for themselves.
    """

    stored: int
    size: int
    fit: Literal["stretch", "crop"]
    derive: DeriveSettings | None
    images: Literal[1, 2] = 2


@dataclass(frozen=True)
class DecodedItem:
    """Pixels, uint8 (1 or 2, 3, stored, stored), input first; and the content hash of each of its files."""

    pixels: Pixels
    digests: tuple[str, ...]


def decode_item(item: Item, decoding: Decoding) -> DecodedItem:
    """Opens and resizes one pair, or one picture that stands for itself.

    Raises:
        PictureError: one of its files is unusable, or is not side by side where it should be.
    """
    opened = {path: read_image(path) for path in dict.fromkeys(source.path for source in item.sources)}
    held = [square(_part(source, opened[source.path][0]), decoding.stored, decoding.fit) for source in item.sources]
    if len(held) < decoding.images:
        if decoding.derive is None:
            raise ValueError(f"{item.name} has no input and nothing says how to derive it")
        held.insert(0, derive(held[0], decoding.derive, decoding.size))
    return DecodedItem(_planes(held), tuple(digest for _, digest in opened.values()))


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
        raise ImageError(
            source.path, f"{width} x {height} pixels is no side-by-side pair (about twice as wide as high)"
        )
    return pixels[:, : width // 2] if source.half == "left" else pixels[:, width - width // 2 :]


def _planes(images: Sequence[Pixels]) -> Pixels:
    return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))
