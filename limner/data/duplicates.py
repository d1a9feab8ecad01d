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

from limner.data.images import open_image
from limner.data.scan import ScannedImage

FAR_BITS: Final = 10
"""Beyond this many different bits of 64 two perceptual hashes belong to different pictures."""
NEAR_BITS: Final = 4
"""Up to this many, and with equal thumbnails, the pictures are the same."""
ALIKE: Final = 0.97
"""Least correlation of the thumbnails of one picture in two files."""
PERHAPS: Final = 0.75
"""Least correlation at which a closer look is worth its time."""
CANDIDATES: Final = 200_000
"""Most pairs of files whose thumbnails are compared; those of the closest hashes come first."""
LOOKED_AT_CLOSELY: Final = 200
"""Most pairs of files whose details are matched; the likeliest come first."""
MATCHING_POINTS: Final = 24
"""Least number of details that lie in both pictures in the same arrangement. Measured on facades, horses and garments:
two views of one scene have 62 and more, two scenes at most 17."""

_AT_ONCE: Final = 1 << 20
"""Pairs whose hashes are compared at once."""
_PAIRS: Final = 1 << 13
"""Pairs whose thumbnails are compared at once."""
_DETAIL_SIDE: Final = 256


def exact_groups(images: Sequence[ScannedImage]) -> list[list[ScannedImage]]:
    """Groups of two or more files with the same content."""
    held: dict[str, list[ScannedImage]] = defaultdict(list)
    for image in images:
        held[image.digest].append(image)
    return [group for group in held.values() if len(group) > 1]


def near_pairs(images: Sequence[ScannedImage]) -> tuple[list[tuple[ScannedImage, ScannedImage]], bool]:
    """Pairs of files with other content that show the same view: saved again, resized, brighter, cut differently.

    Candidates have close perceptual hashes. Those whose thumbnails agree are the same; of the others the details are
    matched (ORB, Rublee et al. 2011, with RANSAC). Of files with the same content only the first is compared, and of
    files that all show one view there are only as many pairs as hang them together.

    Returns:
        The pairs, fewer than there are pictures, and whether all candidates could be looked at.
    """
    firsts = list({image.digest: image for image in reversed(images)}.values())[::-1]
    if len(firsts) < 2:
        return [], True
    candidates, complete = _candidates(np.array([image.look for image in firsts], ">u8"))
    agreements = _agreements(firsts, candidates)
    same = (candidates[:, 0] <= NEAR_BITS) & (agreements >= ALIKE)
    views = _Views(len(firsts))
    found = [pair for pair in sorted(map(tuple, candidates[same, 1:].tolist())) if views.join(*pair)]
    details = cache(_details)
    looked_at = 0
    for a, b in candidates[~same & (agreements >= PERHAPS), 1:].tolist():
        if views.joined(a, b):
            continue
        if looked_at == LOOKED_AT_CLOSELY:
            complete = False
            break
        looked_at += 1
        if _matching_points(details(firsts[a].file), details(firsts[b].file)) >= MATCHING_POINTS:
            views.join(a, b)
            found.append((a, b))
    return [(firsts[a], firsts[b]) for a, b in found], complete


class _Views:
    """Which of so many pictures show one view, directly or through others."""

    def __init__(self, count: int) -> None:
        self._first = list(range(count))

    def joined(self, a: int, b: int) -> bool:
        return self._root(a) == self._root(b)

    def join(self, a: int, b: int) -> bool:
        """Whether they were apart until now."""
        first, second = sorted((self._root(a), self._root(b)))
        self._first[second] = first
        return first != second

    def _root(self, number: int) -> int:
        while (above := self._first[number]) != number:
            self._first[number] = self._first[above]
            number = above
        return number


def _candidates(looks: NDArray[np.unsignedinteger]) -> tuple[NDArray[np.int32], bool]:
    """Pairs whose perceptual hashes differ in few bits, the closest first, and whether these are all.

    Args:
        looks: big-endian 64-bit hashes.

    Returns:
        Rows of three: how many bits differ, and the two positions.
    """
    signs = np.unpackbits(looks.view(np.uint8).reshape(-1, 8), axis=1).astype(np.float32) * 2 - 1
    kept: list[NDArray[np.int32]] = []
    far, complete = FAR_BITS, True
    rows = max(1, _AT_ONCE // len(looks))
    for start in range(0, len(looks), rows):
        # The product of two rows of +1 and -1 is 64 less twice the bits in which they differ.
        products = signs[start : start + rows] @ signs[start:].T
        a, b = np.nonzero(np.triu(products >= 64 - 2 * far, k=1))
        kept.append(np.stack([(64 - products[a, b]) / 2, a + start, b + start], axis=1).astype(np.int32))
        if sum(map(len, kept)) > 2 * CANDIDATES:
            kept, complete = [_closest(kept)], False
            # Whatever comes later counts only when it is closer than the last one kept.
            far = int(kept[0][-1, 0]) - 1
        if far < 0:
            break
    return _closest(kept), complete and sum(map(len, kept)) <= CANDIDATES


def _closest(candidates: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    every = np.concatenate(candidates)
    return every[np.argsort(every[:, 0], kind="stable")[:CANDIDATES]]


def _agreements(images: Sequence[ScannedImage], candidates: NDArray[np.int32]) -> NDArray[np.float32]:
    """For each pair the correlation of two grey thumbnails, -1..1: the same whatever the brightness and contrast."""
    levels = np.stack([image.thumbnail.ravel() for image in images])
    means = levels.mean(1)
    levels -= means[:, None]
    norms = np.sqrt(np.einsum("np,np->n", levels, levels))
    agreements = np.empty(len(candidates), np.float32)
    for start in range(0, len(candidates), _PAIRS):
        a, b = candidates[start : start + _PAIRS, 1:].T
        spread = norms[a] * norms[b]
        products = np.einsum("np,np->n", levels[a], levels[b]) / np.maximum(spread, 1)
        agreements[start : start + _PAIRS] = np.where(spread < 1, np.abs(means[a] - means[b]) < 1, products)
    return agreements


def _details(file: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Places and descriptions of what stands out in a picture; None when nothing does."""
    from skimage.feature import ORB

    grey = Image.fromarray(open_image(file)).convert("L")
    grey.thumbnail((_DETAIL_SIDE, _DETAIL_SIDE))
    detector: Any = ORB(n_keypoints=300, fast_threshold=0.05)  # type: ignore[no-untyped-call]
    try:
        detector.detect_and_extract(np.asarray(grey) / 255.0)
    # Raised when a picture has no corners at all.
    except (RuntimeError, IndexError, ValueError):
        return None
    # Near the border nothing is described, so a small picture may have corners and yet no description.
    return (detector.keypoints, detector.descriptors) if len(detector.descriptors) else None


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
