"""One item from its files: opened, halved, made square, resized, its input derived if need be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from limner.config.data import DeriveSettings
from limner.data.derive import derive
from limner.data.images import ImageError, Pixels, is_side_by_side, read_header, read_image
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
        channels: of each picture.
    """

    stored: int
    size: int
    fit: Literal["stretch", "crop"]
    derive: DeriveSettings | None = None
    images: Literal[1, 2] = 2
    channels: int = 3

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of one item's pixels."""
        return self.images, self.channels, self.stored, self.stored


@dataclass(frozen=True)
class DecodedItem:
    """Pixels, uint8 (1 or 2, C, stored, stored), input first; and the content hash of each of its files."""

    pixels: Pixels
    digests: tuple[str, ...]


def decode_item(item: Item, decoding: Decoding) -> DecodedItem:
    """Opens and resizes one pair, or one picture that stands for itself.

    Raises:
        ImageError: one of its files is unusable, or is not side by side where it should be.
    """
    opened = {path: read_image(path, decoding.channels) for path in _files(item)}
    images = [square(_half(source, opened[source.path][0]), decoding.stored, decoding.fit) for source in item.sources]
    if len(images) < decoding.images:
        if decoding.derive is None:
            raise ValueError(f"{item.name} has no input and nothing says how to derive it")
        images.insert(0, derive(images[0], decoding.derive, decoding.size))
    return DecodedItem(_planes(images), tuple(digest for _, digest in opened.values()))


def check_header(item: Item) -> tuple[str, ...]:
    """The content hash of each of an item's files, of which only the headers are looked at.

    Raises:
        ImageError: as `decode_item`, as far as the headers show it.
    """
    opened = {path: read_header(path) for path in _files(item)}
    for source in item.sources:
        _check_shape(source, *opened[source.path][0])
    return tuple(digest for _, digest in opened.values())


def square(pixels: Pixels, side: int, fit: Literal["stretch", "crop"]) -> Pixels:
    """uint8 (H, W, C) -> (side, side, C) by Pillow's antialiased bicubic; `crop` takes the central square first."""
    height, width, channels = pixels.shape
    if fit == "crop":
        least = min(height, width)
        top, left = (height - least) // 2, (width - least) // 2
        pixels = pixels[top : top + least, left : left + least]
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)).reshape(side, side, channels)


def _files(item: Item) -> Iterable[Path]:
    return dict.fromkeys(source.path for source in item.sources)


def _half(source: Source, pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    _check_shape(source, width, height)
    match source.half:
        case "left":
            return pixels[:, : width // 2]
        case "right":
            return pixels[:, width - width // 2 :]
    return pixels


def _check_shape(source: Source, width: int, height: int) -> None:
    if source.half is not None and not is_side_by_side(width, height):
        raise ImageError(
            source.path, f"{width} x {height} pixels is no side-by-side pair (about twice as wide as high)"
        )


def _planes(images: Sequence[Pixels]) -> Pixels:
    return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))
