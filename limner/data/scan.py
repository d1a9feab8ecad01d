"""Open every picture once and keep what is needed to compare them, one by one or as two domains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.data.compare_domains import SAMPLE, DomainComparison, compare_domains
from limner.data.contents import FolderContents
from limner.data.domain_traits import SIDE
from limner.data.images import ImageError, Pixels, read_image
from limner.data.prefetch import Prefetcher
from limner.data.splits import spread

THUMBNAIL: Final = 16


@dataclass(frozen=True)
class ScannedImage:
    """A picture that can be opened.

    Attributes:
        file: where it is.
        width: in pixels, upright.
        height: in pixels, upright.
        digest: hash of the file's content.
        look: 64-bit perceptual hash; pictures that look alike differ in few bits.
        thumbnail: grey, float32 (16, 16) in 0..255.
        small: in colour, uint8 (3, 64, 64), where it was asked for.
    """

    file: Path
    width: int
    height: int
    digest: str
    look: int
    thumbnail: NDArray[np.float32]
    small: Pixels | None = None


def scan(
    files: Sequence[Path],
    workers: int,
    progress: Callable[[int, int], None] | None = None,
    small: Collection[Path] = (),
) -> tuple[list[ScannedImage], list[ImageError]]:
    """Opens every file; what can be opened and what cannot, each in the order given.

    Args:
        files: the picture files.
        workers: threads that open them; 0 opens them in the caller.
        progress: told (done, all) after each file.
        small: those of them of which a small copy is kept.
    """
    seen: list[ScannedImage] = []
    errors: list[ImageError] = []

    def open_one(number: int) -> ScannedImage | ImageError:
        try:
            return _look_at(files[number], files[number] in small)
        except ImageError as error:
            return error

    with Prefetcher(open_one, 0, workers, 4 * workers, stop=len(files)) as opened:
        for number, found in enumerate(opened, 1):
            if isinstance(found, ImageError):
                errors.append(found)
            else:
                seen.append(found)
            if progress is not None:
                progress(number, len(files))
    return seen, errors


def sample_files(contents: FolderContents) -> tuple[list[Path], list[Path]] | None:
    """At most 200 evenly spread training pictures of A and of B; None where there are not two domains."""
    a, b = (contents.files("train", domain) for domain in "AB")
    if not a or not b:
        return None
    return [a[index] for index in spread(len(a), SAMPLE)], [b[index] for index in spread(len(b), SAMPLE)]


def small_images(seen: Sequence[ScannedImage], files: Sequence[Path]) -> Pixels:
    """uint8 (N, 3, 64, 64): the small copies that were kept of these files."""
    wanted = set(files)
    small = [image.small for image in seen if image.small is not None and image.file in wanted]
    return np.stack(small) if small else np.empty((0, 3, 1, 1), np.uint8)


def compare_seen(contents: FolderContents, seen: Sequence[ScannedImage]) -> DomainComparison | None:
    """Both domains beside each other, when small copies of `sample_files` were kept; None where there are not two.

    Args:
        contents: what the folder holds.
        seen: its usable pictures.
    """
    files = sample_files(contents)
    if files is None:
        return None
    a, b = (small_images(seen, domain) for domain in files)
    if not len(a) or not len(b):
        return None
    members = [set(contents.files("train", domain)) for domain in "AB"]
    sizes = [[(image.width, image.height) for image in seen if image.file in domain] for domain in members]
    return compare_domains(a, b, counts=(len(sizes[0]), len(sizes[1])), sizes=(sizes[0], sizes[1]))


def _look_at(file: Path, keep_small: bool) -> ScannedImage:
    # Imported here because it brings half of SciPy, which training should not wait for.
    import imagehash

    pixels, digest = read_image(file)
    height, width = pixels.shape[:2]
    look = int(str(imagehash.phash(Image.fromarray(pixels))), 16)
    return ScannedImage(file, width, height, digest, look, _thumbnail(pixels), _small(pixels) if keep_small else None)


def _thumbnail(pixels: Pixels) -> NDArray[np.float32]:
    grey = Image.fromarray(pixels).convert("L")
    return np.asarray(grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)).astype(np.float32)


def _small(pixels: Pixels) -> Pixels:
    square = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))
