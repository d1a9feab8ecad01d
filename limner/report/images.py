"""Pictures of a run inside the page, as data: addresses, each small enough for the page's budget."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

LARGEST_SIDE = 16_384
"""Pixels; a sample larger than this was not written by limner and is not decoded."""
MOST_PIXELS = 89_478_485
"""Of a sample, likewise: Pillow's own bound for its bomb warning."""

_FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class Level:
    """How generous a page is with bytes.

    Attributes:
        quality: of JPEG and WebP, 1..100.
        side: longest side in pixels to which pictures are reduced.
        frames: most steps that a time-lapse shows.
    """

    quality: int
    side: int
    frames: int


LEVELS = (Level(86, 512, 40), Level(80, 320, 40), Level(74, 256, 30), Level(66, 192, 20), Level(50, 128, 10))
"""From the best page to the smallest; the first that fits the budget is taken."""


@dataclass(frozen=True)
class EmbeddedImage:
    """One embedded picture; a crisp one is so small that its pixels are shown as squares instead of being blurred."""

    address: str
    width: int
    height: int

    @property
    def crisp(self) -> bool:
        return max(self.width, self.height) <= 128


class Album:
    """Embeds pictures at one level, each file once; what cannot be read is left out and counted in `unreadable`."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.unreadable: list[str] = []
        self._known: dict[Path, EmbeddedImage | None] = {}

    def embed(self, path: Path | None) -> EmbeddedImage | None:
        """The picture of a file; None when there is none or it cannot be decoded."""
        if path is None:
            return None
        if path not in self._known:
            image = read_image(path)
            if image is None and path.exists():
                self.unreadable.append(path.name)
            self._known[path] = None if image is None else _embed(image, self.level)
        return self._known[path]


def read_image(path: Path) -> Image.Image | None:
    """A picture as RGB; None when it is missing, damaged or of absurd size. Only formats that limner writes."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            # Pillow only warns up to twice its bound, and turning warnings into errors is not safe among threads.
            if max(image.size) > LARGEST_SIDE or image.width * image.height > MOST_PIXELS:
                return None
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def content_hash(path: Path) -> str | None:
    """What tells two pictures apart: SHA-256 of size and pixels, whatever the file's encoding."""
    image = read_image(path)
    if image is None:
        return None
    return hashlib.sha256(f"{image.width}x{image.height}:".encode() + image.tobytes()).hexdigest()


def _embed(image: Image.Image, level: Level) -> EmbeddedImage:
    if max(image.size) > level.side:
        image = image.copy()
        image.thumbnail((level.side, level.side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Label maps have few colours: without loss they are smaller and keep their edges.
    if image.getcolors(256) is not None or max(image.size) <= 64:
        image.save(buffer, "WEBP", lossless=True, method=2)
        kind = "webp"
    else:
        image.save(buffer, "JPEG", quality=level.quality)
        kind = "jpeg"
    address = f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return EmbeddedImage(address, image.width, image.height)
