"""Does a trained translator beat what needs no training: guesses that have learnt nothing of pictures?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from limner.config.data import UseSettings
from limner.data.splits import Splits
from limner.errors import DataError
from limner.evaluation.evaluate import evaluate
from limner.metrics import Outputs, score
from limner.metrics.pairs import L1, SSIM
from limner.metrics.spectrum import SPECTRUM_DISTANCE
from limner.models import Translator


@dataclass(frozen=True)
class Guess:
    """One way to answer, and its scores on the validation pictures."""

    name: str
    l1: float
    ssim: float
    spectrum_distance: float


def against_guesses(model: Translator, use: UseSettings, splits: Splits) -> list[Guess]:
    """The model, run as `use` says, beside the input copied, the mean target and each label's median colour.

    On all validation pictures.
    """
    train, held_out = (images.references(len(images)) for images in (splits.train, splits.validation))
    inputs, targets, questions = train.inputs, train.targets, held_out.inputs
    if inputs is None or targets is None or questions is None or held_out.targets is None:
        raise DataError("These pictures have no targets to judge by.", "give paired pictures")
    answers = {
        "trained translator": evaluate(model, held_out, (), use, seed=0).outputs.images,
        "input copied": questions,
        "mean training picture": mean_target(targets, len(questions)),
        "each label's median colour": median_colour(inputs, targets, questions),
    }
    rows = []
    for name, answer in answers.items():
        scores = score(Outputs(answer), held_out, (L1, SSIM, SPECTRUM_DISTANCE))
        rows.append(Guess(name, scores["l1"], scores["ssim"], scores["spectrum_distance"]))
    return rows


STEP = 32
"""Levels of a channel that count as one colour of a label map; resizing blends the borders of labels a little."""


def mean_target(targets: Tensor, count: int) -> Tensor:
    """The mean of all training targets, repeated.

    Args:
        targets: uint8 (N, C, H, W) of the training split.
        count: how often to repeat it.

    Returns:
        uint8 (count, C, H, W).
    """
    mean = targets.float().mean(dim=0, keepdim=True).round().to(torch.uint8)
    return mean.expand(count, -1, -1, -1)


def median_colour(inputs: Tensor, targets: Tensor, questions: Tensor) -> Tensor:
    """Each label's median colour: what a translator that only knows a pixel's own label could do best under L1.

    Args:
        inputs, targets: uint8 (N, C, H, W) of the training split; the inputs are label maps.
        questions: uint8 (M, C, H, W), the label maps to translate.

    Returns:
        uint8 (M, C, H, W).
    """
    labels, asked = _labels(inputs), _labels(questions)
    pixels = targets.permute(1, 0, 2, 3).flatten(1)
    answer = pixels.median(dim=1).values.view(1, -1, 1, 1).repeat(len(questions), 1, *questions.shape[2:])
    for label in torch.unique(asked).tolist():
        members = (labels == label).flatten()
        if members.any():
            colour = pixels[:, members].median(dim=1).values.view(1, -1, 1, 1)
            answer = torch.where((asked == label)[:, None], colour, answer)
    return answer


def _labels(images: Tensor) -> Tensor:
    """One number for each colour: (N, H, W)."""
    number = torch.zeros_like(images[:, 0], dtype=torch.int64)
    for channel in (images.long() + STEP // 2).div(STEP, rounding_mode="floor").unbind(dim=1):
        number = number * 16 + channel
    return number
