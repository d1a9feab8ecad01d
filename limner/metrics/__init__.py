"""Numbers that say how good a model's images are: each a declared `Metric`, computed from outputs and references."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from limner.data.splits import References
from limner.errors import DataError
from limner.metrics.metric import Better, Metric, Need, Outputs
from limner.metrics.pairs import L1, L2, LPIPS, MS_SSIM, PSNR, SSIM
from limner.metrics.spectrum import SPECTRUM_DISTANCE
from limner.metrics.translation import AGAINST_COPY, CHANGE, CHANGE_SHARE, COPIED_SHARE, ROUND_TRIP

__all__ = ["METRICS", "Better", "Metric", "Need", "Outputs", "available", "score"]

METRICS = (
    AGAINST_COPY,
    L1,
    SPECTRUM_DISTANCE,
    SSIM,
    MS_SSIM,
    PSNR,
    LPIPS,
    L2,
    CHANGE_SHARE,
    COPIED_SHARE,
    CHANGE,
    ROUND_TRIP,
)
"""Every metric, in the order in which a page shows them."""


def available(references: References, round_trips: bool = False) -> list[Metric]:
    """The metrics that outputs can be measured by, told from what is known and from the size; nothing is computed.

    Args:
        references: at least one image of the split, or of one like it.
        round_trips: whether the outputs will come with round trips, because the model has two directions.
    """
    known: set[Need] = {"images"}
    known |= {name for name in ("inputs", "targets", "labels") if getattr(references, name) is not None}
    known |= {"domains"} if references.domains else set()
    known |= {"round_trips"} if round_trips else set()
    channels, side = references.images.shape[1], min(references.images.shape[-2:])
    return [
        metric
        for metric in METRICS
        if metric.needs <= known
        and side >= metric.smallest
        and (not metric.channels or channels in metric.channels)
        and metric.usable()
    ]


def score(outputs: Outputs, references: References, metrics: Iterable[Metric]) -> dict[str, float]:
    """The value of each metric, by its name.

    Raises:
        DataError: what a metric needs is missing or does not fit the outputs, or images are too small for it.
    """
    metrics = list(metrics)
    if outputs.images.dtype != torch.uint8 or outputs.images.ndim != 4 or not len(outputs.images):
        raise DataError(
            f"Images to score must be bytes (N, C, H, W), these are {outputs.images.dtype} {_size(outputs.images)}.",
            "Make them bytes with limner.data.batch.to_bytes.",
        )
    for metric in metrics:
        _check(metric, outputs, references)
    return {metric.name: metric.compute(outputs, references) for metric in metrics}


def _check(metric: Metric, outputs: Outputs, references: References) -> None:
    made = outputs.images
    for need in metric.needs - {"domains"}:
        there: Tensor | None = outputs.round_trips if need == "round_trips" else getattr(references, need)
        if there is None:
            raise DataError(f"'{metric.name}' needs {need.replace('_', ' ')}, which are not known.", "Leave it out.")
        if need == "labels":
            continue
        # Images of the kind to be made are as many as there are; all others belong to one output each.
        if there.shape[need == "images" :] != made.shape[need == "images" :] or not len(there):
            raise DataError(
                f"The generated images are {_size(made)}, the {need.replace('_', ' ')} {_size(there)}.",
                "Give as many of each, of the same size.",
            )
    if min(made.shape[-2:]) < metric.smallest:
        raise DataError(
            f"'{metric.name}' needs images of {metric.smallest} pixels and more, these are {_size(made)}.",
            "Leave it out.",
        )


def _size(images: Tensor) -> str:
    return " x ".join(map(str, images.shape))
