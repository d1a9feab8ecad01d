"""What any paired translator must beat: three guesses that have learnt nothing of pictures."""

from __future__ import annotations

import torch
from torch import Tensor

STEP = 32
"""Levels of a channel that count as one colour of a label map; resizing blends the borders of labels a little."""


def mean_target(targets: Tensor, count: int) -> Tensor:
    """The mean of all training targets, repeated.

    Args:
        targets: uint8 (N, 3, H, W) of the training split.
        count: how often to repeat it.

    Returns:
        uint8 (count, 3, H, W).
    """
    mean = targets.float().mean(dim=0, keepdim=True).round().to(torch.uint8)
    return mean.expand(count, -1, -1, -1)


def median_colour(inputs: Tensor, targets: Tensor, questions: Tensor) -> Tensor:
    """Each label's median colour: what a translator that only knows a pixel's own label could do best under L1.

    Args:
        inputs, targets: uint8 (N, 3, H, W) of the training split; the inputs are label maps.
        questions: uint8 (M, 3, H, W), the label maps to translate.

    Returns:
        uint8 (M, 3, H, W).
    """
    labels, asked = _labels(inputs), _labels(questions)
    pixels = targets.permute(1, 0, 2, 3).reshape(3, -1)
    answer = pixels.median(dim=1).values.view(1, 3, 1, 1).repeat(len(questions), 1, *questions.shape[2:])
    for label in torch.unique(asked).tolist():
        members = (labels == label).flatten()
        if members.any():
            colour = pixels[:, members].median(dim=1).values.view(1, 3, 1, 1)
            answer = torch.where((asked == label)[:, None], colour, answer)
    return answer


def _labels(images: Tensor) -> Tensor:
    """One number for each colour: (N, H, W)."""
    red, green, blue = (images.long() + STEP // 2).div(STEP, rounding_mode="floor").unbind(dim=1)
    return (red * 16 + green) * 16 + blue
