"""Any size at use: pad to what the network can halve and crop back, or resize as in training and back."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import interpolate, pad

from limner.data.batch import to_bytes, to_range


def pad_to(image: Tensor, multiple: int, least: int = 1) -> Tensor:
    """(N, C, H, W) with its border replicated on all sides, until both sides are multiples and at least `least`."""
    above, below = _margins(image.shape[-2], multiple, least)
    left, right = _margins(image.shape[-1], multiple, least)
    return pad(image, (left, right, above, below), mode="replicate")


def crop_back(image: Tensor, height: int, width: int) -> Tensor:
    """Undo `pad_to`: the middle (N, C, height, width)."""
    above, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., above : above + height, left : left + width]


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """Bicubic with antialiasing, to whole 8-bit steps like a training picture; (N, C, H, W) in [-1, 1]."""
    if image.shape[-2:] == (height, width):
        return image
    resized = interpolate(image, (height, width), mode="bicubic", antialias=True, align_corners=False)
    return to_range(to_bytes(resized))


def _margins(length: int, multiple: int, least: int) -> tuple[int, int]:
    missing = math.ceil(max(length, least) / multiple) * multiple - length
    return missing // 2, missing - missing // 2
