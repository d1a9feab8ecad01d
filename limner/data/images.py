"""Open a picture file as a person expects to see it, or say truly why it cannot be opened."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from limner.errors import DataError
from limner.files import printable

Pixels = NDArray[np.uint8]

FORMATS: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
"""The only decoders of Pillow that are ever tried, each with its suffixes."""
SUFFIXES: Final = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
"""What a picture's file name ends in, in lower case."""
SIDE_BY_SIDE: Final = (1.8, 2.25)
"""Width over height of a side-by-side picture: wider than 16:9, narrower than the cinema's 2.35."""
LEAST_SIDE: Final = 4
MOST_PIXELS: Final = 89_478_485
"""A quarter of a gibibyte of RGB: Pillow's own bound for its bomb warning."""

_TURNED: Final = frozenset({5, 6, 7, 8})
_ORIENTATION: Final = 0x0112


@dataclass(frozen=True)
class Unreadable:
    """A file that was skipped, and the true reason."""

    file: str
    reason: str


class ImageError(DataError):
    """One file that is not a usable picture.

    Attributes:
        file: the file.
        reason: the true reason, without the file's name.
        passing: whether the system is the cause and not what the file holds, so that it may be read another time.
    """

    def __init__(self, file: Path, reason: str, *, passing: bool = False) -> None:
        tip = "try again; if it stays so, replace or remove the file" if passing else "replace or remove the file"
        super().__init__(printable(f"{file}: {reason}"), tip)
        self.file = file
        self.reason = reason
        self.passing = passing


def open_image(path: Path, channels: int = 3) -> Pixels:
    """The picture as uint8 (H, W, channels), upright: grey, RGB, or RGB and opacity.

    With three channels grey and palette pictures become RGB; with one channel colours become their luminance (ITU-R
    601-2). Transparent pictures are laid on white, but with four channels. 16-bit ones are divided by 257, CMYK is
    converted, EXIF orientation is applied, and of an animation the first frame is taken. Other numbers become 0..255 by
    the smallest of 0..1, 0..255 and 0..65535 that holds them all, else from the least to the largest.

    Raises:
        ImageError: the file cannot be read, is damaged or cut short, is too large to be a picture (a decompression
            bomb), or is smaller than 4 pixels on a side.
    """
    return read_image(path, channels)[0]


def read_image(path: Path, channels: int = 3) -> tuple[Pixels, str]:
    """Like `open_image`, together with a hash of the file's content (32 hexadecimal digits)."""
    content = _content(path)
    with _opened(path, io.BytesIO(content)) as image:
        try:
            pixels = as_pixels(image, channels)
        # Decoders meet damaged files with errors of every kind; all of them mean the same to a person.
        except Exception as error:
            raise _failure(path, error) from error
    return pixels, content_hash(content)


def read_header(path: Path) -> tuple[tuple[int, int], str]:
    """Like `image_size`, together with a hash of the file's content, without decoding it."""
    content = _content(path)
    return _size(path, io.BytesIO(content)), content_hash(content)


def content_hash(content: bytes) -> str:
    """32 hexadecimal digits that tell one file's content from another's."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as a person sees it, read from the file's header alone.

    Raises:
        ImageError: as `open_image`, as far as the header shows it.
    """
    try:
        with path.open("rb") as file:
            return _size(path, file)
    except OSError as error:
        raise _failure(path, error) from error


def is_side_by_side(width: int, height: int) -> bool:
    """Whether a picture of this size looks like two square-ish halves, left and right."""
    return SIDE_BY_SIDE[0] <= width / height <= SIDE_BY_SIDE[1]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, MemoryError) as error:
        raise _failure(path, error) from error


def _size(path: Path, file: IO[bytes]) -> tuple[int, int]:
    try:
        with _opened(path, file) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(_ORIENTATION) in _TURNED else (width, height)
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise _failure(path, error) from error


def _failure(path: Path, error: Exception) -> ImageError:
    # Pillow raises errors of the system's kind too, but only the system's own bear a number; its codecs say in words
    # that they got no memory.
    if isinstance(error, MemoryError) or str(error).startswith("out of memory"):
        return ImageError(path, "there is not enough memory to open it", passing=True)
    if isinstance(error, OSError) and error.errno is not None:
        return ImageError(path, (error.strerror or str(error)).lower(), passing=True)
    return ImageError(path, f"damaged: {error}")


def _opened(path: Path, file: IO[bytes]) -> Image.Image:
    try:
        image = Image.open(file, formats=tuple(FORMATS))
    except UnidentifiedImageError:
        file.seek(0)
        raise ImageError(path, _what_it_is(file.read(64))) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(path, f"too large to be a picture: {error}") from error
    except Exception as error:
        raise _failure(path, error) from error
    width, height = image.size
    # Pillow only warns up to twice its bound, and turning warnings into errors is not safe among threads.
    if width * height > MOST_PIXELS:
        raise ImageError(
            path, f"{width} x {height} pixels is too large to be a picture (at most {MOST_PIXELS:,} pixels)"
        )
    if min(width, height) < LEAST_SIDE:
        raise ImageError(path, f"{width} x {height} pixels is too small (at least {LEAST_SIDE} on a side)")
    return image


_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "WebP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)


def _what_it_is(start: bytes) -> str:
    """Why a file that no decoder knows is no picture, told from its first bytes."""
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file, which is not read: convert it to JPEG or PNG"
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return f"damaged: begins as {name}, but its header cannot be read"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        return "a text file, not a picture"
    return "not a JPEG, PNG, WebP, BMP, TIFF, GIF or PPM picture"


def as_rgb(image: Image.Image) -> Pixels:
    """What a person would see, uint8 (H, W, 3): upright, on white where transparent, 16-bit levels scaled to 8."""
    return as_pixels(image, 3)


def as_pixels(image: Image.Image, channels: int) -> Pixels:
    """What a person would see, uint8 (H, W, channels), as in `open_image`."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        # Pillow opens 16-bit PGM in the mode of 32 bits, scaled to 0..65535.
        sixteen_bits = upright.mode.startswith("I;16") or (image.format, upright.mode) == ("PPM", "I")
        upright = Image.fromarray(_to_bytes(np.asarray(upright), sixteen_bits))
    if channels == 4:
        return np.array(upright.convert("RGBA"))
    if upright.has_transparency_data:
        seen = upright.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        upright = Image.alpha_composite(white, seen)
    return np.array(upright.convert("RGB")) if channels == 3 else np.array(upright.convert("L"))[..., None]


def _to_bytes(values: NDArray[np.generic], sixteen_bits: bool) -> Pixels:
    """Grey levels of more than 8 bits -> 0..255, by the smallest usual range that holds them all."""
    levels = values.astype(np.float64)
    low, high = float(levels.min()), float(levels.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("it holds values that are not numbers")
    if sixteen_bits or (low >= 0 and 255 < high <= 65535):
        levels = levels / 257
    elif low >= 0 and high <= 1:
        levels = levels * 255
    elif low < 0 or high > 65535:
        levels = (levels - low) * (255 / (high - low))
    return np.rint(levels).astype(np.uint8)
