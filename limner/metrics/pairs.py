"""How close generated images are to the real ones they are paired with, for numbers in [0, 1] (levels over 255)."""

from __future__ import annotations

import torch
from torch import Tensor

from limner.data.splits import References
from limner.metrics.lpips import SMALLEST as LPIPS_SMALLEST
from limner.metrics.lpips import is_there, lpips_if_there
from limner.metrics.metric import Metric, Outputs, chunks
from limner.metrics.ssim import MS_SSIM_SMALLEST, WINDOW, ssim, ssim_and_ms_ssim

MOST_PSNR = 100.0
"""PSNR of two identical images in decibels, instead of infinity; one level off in one value of 256 px is 101."""


def absolute_and_squared(first: Tensor, second: Tensor) -> Tensor:
    """Mean absolute and mean squared difference of each pair of uint8 images, (2, N), for numbers in [0, 1]."""
    parts = []
    for ours, theirs in chunks(first, second):
        difference = ours - theirs
        parts.append(torch.stack([part.mean(dim=(1, 2, 3)) for part in (difference.abs(), difference.square())]))
    return torch.cat(parts, dim=1)


def _differences(outputs: Outputs, references: References) -> Tensor:
    assert references.targets is not None
    return absolute_and_squared(outputs.images, references.targets)


def _l1(outputs: Outputs, references: References) -> Tensor:
    return outputs.once(_differences, references)[0]


def _l2(outputs: Outputs, references: References) -> Tensor:
    return outputs.once(_differences, references)[1]


def _psnr(outputs: Outputs, references: References) -> Tensor:
    return -10 * _l2(outputs, references).clamp_min(10 ** (-MOST_PSNR / 10)).log10()


def _similarities(outputs: Outputs, references: References) -> Tensor:
    """SSIM and, where images are large enough for it, MS-SSIM: (1 or 2, N)."""
    assert references.targets is not None
    large = min(outputs.images.shape[-2:]) >= MS_SSIM_SMALLEST
    parts = [
        torch.stack(ssim_and_ms_ssim(ours, theirs)) if large else ssim(ours, theirs)[None]
        for ours, theirs in chunks(outputs.images, references.targets)
    ]
    return torch.cat(parts, dim=1)


def _ssim(outputs: Outputs, references: References) -> Tensor:
    return outputs.once(_similarities, references)[0]


def _ms_ssim(outputs: Outputs, references: References) -> Tensor:
    return outputs.once(_similarities, references)[1]


def _lpips(outputs: Outputs, references: References) -> Tensor:
    assert references.targets is not None
    network = lpips_if_there()
    assert network is not None
    return torch.cat([network(ours, theirs) for ours, theirs in chunks(outputs.images, references.targets)])


L1 = Metric(
    "l1",
    "L1",
    "Mean absolute difference to the true picture, per pixel. It rewards a safe blur.",
    frozenset({"targets"}),
    rows=_l1,
    better="lower",
)
L2 = Metric(
    "l2",
    "L2",
    "Mean squared difference to the true picture, per pixel. It rewards a safe blur.",
    frozenset({"targets"}),
    rows=_l2,
    better="lower",
)
# The mean of the PSNR of each picture, as in image restoration; not the PSNR of the mean difference.
PSNR = Metric(
    "psnr",
    "PSNR",
    "The squared error on a logarithmic scale, in dB. It rewards a safe blur.",
    frozenset({"targets"}),
    rows=_psnr,
    better="higher",
)
SSIM = Metric(
    "ssim",
    "SSIM",
    "Likeness of structure, up to 1. It prefers a blur to sharp detail slightly out of place, so never judge by it "
    "alone: read it beside the spectrum distance.",
    frozenset({"targets"}),
    rows=_ssim,
    better="higher",
    smallest=WINDOW,
)
MS_SSIM = Metric(
    "ms_ssim",
    "MS-SSIM",
    "SSIM over several scales, up to 1. It prefers a blur too, a little less.",
    frozenset({"targets"}),
    rows=_ms_ssim,
    better="higher",
    smallest=MS_SSIM_SMALLEST,
)
LPIPS = Metric(
    "lpips",
    "LPIPS",
    "Distance as a trained network sees it; closest to what people say.",
    frozenset({"targets"}),
    rows=_lpips,
    better="lower",
    smallest=LPIPS_SMALLEST,
    channels=frozenset({1, 3}),
    usable=is_there,
)
