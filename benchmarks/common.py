"""What several benchmarks share: the real facades, and what is measured on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIZE = 256


def facade_pairs(facades: Path, split: str = "val") -> Iterator[tuple[Tensor, Tensor]]:
    """Label map and photograph of every pair, uint8 (3, 256, 256), in the order of their numbers."""
    for path in sorted((facades / split).glob("*.jpg"), key=lambda path: int(path.stem)):
        both = torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1)
        yield both[:, :, SIZE:], both[:, :, :SIZE]


def to_input(image: Tensor) -> Tensor:
    """uint8 (3, H, W) as a batch of one, float32 in [-1, 1]."""
    return image[None].float().div(127.5).sub(1)
