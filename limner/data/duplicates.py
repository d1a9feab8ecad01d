"""Pictures that are the same, or show the same view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.data.pictures import open_picture
from limner.data.scan import Seen

FAR_BITS: Final = 10
"""Beyond this many different bits of 64 two perceptual hashes belong to different pictures."""
NEAR_BITS: Final = 4
"""Up to this many, and with equal thumbnails, the pictures are the same."""
ALIKE: Final = 0.97
"""Least correlation of the thumbnails of one picture in two files."""
PERHAPS: Final = 0.75
"""Least correlation at which a closer look is worth its time."""
LOOKED_AT_CLOSELY: Final = 200
"""Most pairs of files whose details are matched; the likeliest come first."""
MATCHING_POINTS: Final = 24
"""Least number of details that lie in both pictures in the same arrangement. Measured on facades, horses and garments:
two views of one scene have 62 and more, two scenes at most 17."""

_ROWS: Final = 1024
_DETAIL_SIDE: Final = 256


def exact_groups(pictures: Sequence[Seen]) -> list[list[Seen]]:
    """Groups of two or more files with the same content."""
    held: dict[str, list[Seen]] = defaultdict(list)
    for picture in pictures:
        held[picture.digest].append(picture)
    return [group for group in held.values() if len(group) > 1]


def near_pairs(pictures: Sequence[Seen]) -> tuple[list[tuple[Seen, Seen]], bool]:
    """Pairs of files with other content that show the same view: saved again, resized, brighter, cut differently.

    Candidates have close perceptual hashes. Those whose thumbnails agree are the same; of the others the details are
    matched (ORB, Rublee et al. 2011, with RANSAC). Of files with the same content only the first is compared.

    Returns:
        The pairs, and whether all candidates could be looked at.
    """
    firsts = list({picture.digest: picture for picture in reversed(pictures)}.values())[::-1]
    alike: list[tuple[Seen, Seen]] = []
    unsure: list[tuple[int, Seen, Seen]] = []
    for bits, a, b in _candidates(firsts):
        agreement = _agreement(a, b)
        if bits <= NEAR_BITS and agreement >= ALIKE:
            alike.append((a, b))
        elif agreement >= PERHAPS:
            unsure.append((bits, a, b))
    unsure.sort(key=lambda candidate: candidate[0])
    details = cache(_details)
    closely = unsure[:LOOKED_AT_CLOSELY]
    alike += [(a, b) for _, a, b in closely if _matching_points(details(a.file), details(b.file)) >= MATCHING_POINTS]
    return alike, len(closely) == len(unsure)


def _candidates(pictures: Sequence[Seen]) -> list[tuple[int, Seen, Seen]]:
    """Pairs whose perceptual hashes differ in few bits, with how many."""
    if len(pictures) < 2:
        return []
    looks = np.array([picture.look for picture in pictures], ">u8")
    signs = np.unpackbits(looks.view(np.uint8).reshape(-1, 8), axis=1).astype(np.float32) * 2 - 1
    found: list[tuple[int, Seen, Seen]] = []
    for start in range(0, len(pictures), _ROWS):
        # The product of two rows of +1 and -1 is 64 less twice the bits in which they differ.
        bits = (64 - signs[start : start + _ROWS] @ signs[start:].T) / 2
        places = np.argwhere(np.triu(bits <= FAR_BITS, k=1)).tolist()
        found += [(int(bits[row, column]), pictures[start + row], pictures[start + column]) for row, column in places]
    return found


def _agreement(a: Seen, b: Seen) -> float:
    """Correlation of two grey thumbnails, -1..1: the same whatever the brightness and contrast."""
    first, second = a.thumbnail - a.thumbnail.mean(), b.thumbnail - b.thumbnail.mean()
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    if spread < 1:
        return float(abs(a.thumbnail.mean() - b.thumbnail.mean()) < 1)
    return float((first * second).sum()) / spread


def _details(file: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Places and descriptions of what stands out in a picture; None when nothing does."""
    from skimage.feature import ORB

    grey = Image.fromarray(open_picture(file)).convert("L")
    grey.thumbnail((_DETAIL_SIDE, _DETAIL_SIDE))
    detector: Any = ORB(n_keypoints=300, fast_threshold=0.05)  # type: ignore[no-untyped-call]
    try:
        detector.detect_and_extract(np.asarray(grey) / 255.0)
    # Raised when a picture has no corners at all.
    except (RuntimeError, IndexError, ValueError):
        return None
    return detector.keypoints, detector.descriptors


def _matching_points(
    a: tuple[NDArray[np.float64], NDArray[np.bool_]] | None, b: tuple[NDArray[np.float64], NDArray[np.bool_]] | None
) -> int:
    """How many details of one picture lie in the other, after one shift, turn and scaling for all."""
    from skimage.feature import match_descriptors
    from skimage.measure import ransac
    from skimage.transform import SimilarityTransform

    if a is None or b is None:
        return 0
    matches = match_descriptors(a[1], b[1], cross_check=True, max_ratio=0.8)  # type: ignore[no-untyped-call]
    if len(matches) < MATCHING_POINTS:
        return 0
    places = (a[0][matches[:, 0]], b[0][matches[:, 1]])
    _, fits = ransac(  # type: ignore[no-untyped-call]
        places, SimilarityTransform, min_samples=2, residual_threshold=3, max_trials=300, rng=0
    )
    return 0 if fits is None else int(fits.sum())
