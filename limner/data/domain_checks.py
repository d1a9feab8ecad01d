"""What two domains must not be, and what a person should know of how they differ."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from limner.config.domains import DomainDataSettings
from limner.data.compare_domains import SAMPLE, Size, compare_domains
from limner.data.decoded_splits import DecodedSplit
from limner.data.images import ImageError, Pixels, image_size
from limner.data.splits import spread
from limner.errors import DataError


def check_count(place: str, count: int) -> None:
    """Refuses a domain of a single training picture.

    Raises:
        DataError: names the domain by its place.
    """
    if count < 2:
        raise DataError(
            f"{place} has only {count} usable training picture",
            "CycleGAN and CUT need at least 2 in each domain, and some hundred in earnest",
        )


def contents_in_both(root: Path, a: DecodedSplit, b: DecodedSplit) -> list[str]:
    """A warning when files of A have the same content as files of B.

    Raises:
        DataError: all have.
    """
    held = [_contents(part) for part in (a, b)]
    if held[0] == held[1]:
        raise DataError(
            f"both domains of {root} hold the same pictures, so CycleGAN would learn to copy",
            "give the folder of the other kind of pictures as domain B",
        )
    shared = len(held[0] & held[1])
    return [f"{shared} training pictures are in both domains: remove them from one"] if shared else []


def differences(settings: DomainDataSettings, a: DecodedSplit, b: DecodedSplit) -> list[str]:
    """What a person should know of how the training pictures of A and B differ, one sentence each."""
    return compare_domains(
        _sample(a),
        _sample(b),
        counts=(len(a.names), len(b.names)),
        sizes=(_sizes(a), _sizes(b)),
        size=settings.size,
        fit=settings.fit,
    ).warnings


def _contents(part: DecodedSplit) -> set[tuple[str, str | None]]:
    """The content of each picture: its file's, and which half of it."""
    index = part.decoded.index
    return {
        (digest, part.items[row].sources[0].half)
        for row, digests in zip(index.rows, index.digests, strict=True)
        for digest in digests
    }


def _sample(part: DecodedSplit) -> Pixels:
    pixels = part.decoded.pixels
    return pixels[spread(len(pixels), SAMPLE), 0]


def _sizes(part: DecodedSplit) -> list[Size]:
    """Width and height of some pictures before they were made square, from their headers."""
    sizes = []
    for row in spread(len(part.items), SAMPLE):
        source = part.items[row].sources[0]
        with suppress(ImageError):
            width, height = image_size(source.path)
            sizes.append((width // 2 if source.half else width, height))
    return sizes
