"""Does a trained translator beat what needs no training?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from limner.data.splits import Splits
from limner.errors import DataError
from limner.inference.model import Model
from limner.metrics.baselines import mean_target, median_colour
from limner.metrics.pairs import score_pairs


@dataclass(frozen=True)
class Row:
    """One way to answer, and its scores on the validation pictures: see `limner.metrics.pairs.score_pairs`."""

    name: str
    l1: float
    ssim: float
    spectrum_distance: float


def against_guesses(model: Model, splits: Splits) -> list[Row]:
    """The model beside the input copied, the mean target and each label's median colour, on validation pictures."""
    train, held_out = (images.references(len(images)) for images in (splits.train, splits.validation))
    if train.targets is None or held_out.targets is None:
        raise DataError("These pictures have no targets to judge by.", "give paired pictures")
    inputs, targets = train.inputs, train.targets
    questions, truths = held_out.inputs, held_out.targets
    answers = {
        "trained translator": torch.stack([_as_bytes(model, question) for question in questions]),
        "input copied": questions,
        "mean training picture": mean_target(targets, len(questions)),
        "each label's median colour": median_colour(inputs, targets, questions),
    }
    rows = []
    for name, answer in answers.items():
        scores = score_pairs(answer, truths)
        rows.append(Row(name, scores["l1"], scores["ssim"], scores["spectrum_distance"]))
    return rows


def _as_bytes(model: Model, image: Tensor) -> Tensor:
    made = model.translate(image.permute(1, 2, 0).numpy(), seed=0)
    return torch.from_numpy(made).permute(2, 0, 1)
