"""How close generated pictures are to the real ones they are paired with."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from limner.data.batch import to_bytes
from limner.errors import DataError
from limner.metrics import spectrum
from limner.metrics.lpips import SMALLEST as LPIPS_SMALLEST
from limner.metrics.lpips import Lpips, lpips_if_there
from limner.metrics.ssim import MS_SSIM_SMALLEST, WINDOW, ssim, ssim_and_ms_ssim

MOST_PSNR = 100.0
"""PSNR of two identical pictures in decibels, instead of infinity; one level off in one value of 256 px is 101."""

_CHUNK = 4 * 256 * 256
"""Pixels looked at in one go: bounds the memory, and measured fastest."""


def score_pairs(generated: Tensor, real: Tensor, lpips: Lpips | None = None) -> dict[str, float]:
    """Mean scores of paired pictures. Whatever a picture is too small for, or whose weights are missing, is left out.

    Pictures are scored as a saved 8-bit file holds them: floats are clipped to [-1, 1] and rounded to 0..255 first, and
    every number below is for the range 0..1 (levels divided by 255).

    - l1: mean absolute difference.
    - l2: mean squared difference.
    - psnr: 10 log10(1 / mean squared difference) in decibels of each picture, then the mean over pictures (the
      convention of image restoration; not the PSNR of the mean difference), at most MOST_PSNR.
    - ssim, ms_ssim: see `limner.metrics.ssim`. From 11 and 161 pixels on.
    - spectrum_distance: see `limner.metrics.spectrum`; one number of the two sets. From 8 pixels on.
    - lpips: see `limner.metrics.lpips`. From 32 pixels on.

    Args:
        generated: (N, 3, H, W), uint8 in 0..255 or floats in [-1, 1], N at least 1.
        real: the same shape; floats or bytes.
        lpips: the network for LPIPS; by default the one whose weights are on this machine, if they are.

    Raises:
        DataError: the two sets differ in shape, are empty or are not RGB.
    """
    scores = PairScores(lpips or lpips_if_there())
    scores.add(generated, real)
    return scores.means()


def score_each(generated: Tensor, real: Tensor) -> list[dict[str, float]]:
    """`l1` and `ssim` of every single pair, defined as in `score_pairs` (same arguments, same errors)."""
    _check(generated, real)
    rows: list[dict[str, float]] = []
    for ours, theirs in _chunks(generated, real):
        columns = {"l1": (ours - theirs).abs().mean(dim=(1, 2, 3))}
        if _side(ours) >= WINDOW:
            columns["ssim"] = ssim(ours, theirs)
        lists = {name: values.tolist() for name, values in columns.items()}
        rows += [{name: values[row] for name, values in lists.items()} for row in range(len(ours))]
    return rows


class PairScores:
    """The scores of `score_pairs`, gathered batch by batch.

    Args:
        lpips: the network for LPIPS; without one there is no LPIPS.
    """

    def __init__(self, lpips: Lpips | None = None) -> None:
        self._lpips = lpips
        self._sums: dict[str, float] = {}
        self._power: tuple[Tensor, Tensor] | None = None
        self._shape: torch.Size | None = None
        self._count = 0

    def add(self, generated: Tensor, real: Tensor) -> None:
        """Take in more pairs: (N, 3, H, W) each, the same height and width every time.

        Raises:
            DataError: the two sets differ in shape, are empty or are not RGB, or their size changed.
        """
        _check(generated, real)
        if self._shape not in (None, real.shape[1:]):
            raise DataError(
                f"Pictures of {_size(real)} follow pictures of another size.", "Score each size on its own, or resize."
            )
        self._shape = real.shape[1:]
        for ours, theirs in _chunks(generated, real):
            for name, values in self._each(ours, theirs).items():
                self._sums[name] = self._sums.get(name, 0.0) + float(values.double().sum())
            if _side(ours) >= spectrum.SMALLEST:
                more = (spectrum.band_power(ours) * len(ours), spectrum.band_power(theirs) * len(theirs))
                self._power = more if self._power is None else (self._power[0] + more[0], self._power[1] + more[1])
            self._count += len(ours)

    def means(self) -> dict[str, float]:
        """Every score of the pairs seen so far; empty before the first."""
        means = {name: total / self._count for name, total in self._sums.items()}
        if self._power is not None:
            means["spectrum_distance"] = spectrum.power_distance(
                self._power[0] / self._count, self._power[1] / self._count
            )
        return means

    def _each(self, ours: Tensor, theirs: Tensor) -> dict[str, Tensor]:
        difference = ours - theirs
        squared = difference.square().mean(dim=(1, 2, 3))
        scores = {
            "l1": difference.abs().mean(dim=(1, 2, 3)),
            "l2": squared,
            "psnr": -10 * squared.clamp_min(10 ** (-MOST_PSNR / 10)).log10(),
        }
        if _side(ours) >= MS_SSIM_SMALLEST:
            scores["ssim"], scores["ms_ssim"] = ssim_and_ms_ssim(ours, theirs)
        elif _side(ours) >= WINDOW:
            scores["ssim"] = ssim(ours, theirs)
        if self._lpips is not None and _side(ours) >= LPIPS_SMALLEST:
            scores["lpips"] = self._lpips(ours, theirs)
        return scores


def _check(generated: Tensor, real: Tensor) -> None:
    if generated.shape != real.shape:
        raise DataError(
            f"The generated pictures are {_size(generated)}, the real ones {_size(real)}.",
            "Give pairs: as many of each, of the same size.",
        )
    if real.ndim != 4 or real.shape[1] != 3 or not len(real):
        raise DataError(f"Pictures to score must be (N, 3, H, W), these are {_size(real)}.", "Give RGB pictures.")


def _chunks(generated: Tensor, real: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    rows = max(1, _CHUNK // real[0, 0].numel())
    for start in range(0, len(real), rows):
        yield _as_saved(generated[start : start + rows]), _as_saved(real[start : start + rows])


def _as_saved(images: Tensor) -> Tensor:
    """What an 8-bit file of the pictures holds, in [0, 1]."""
    levels = images if images.dtype == torch.uint8 else to_bytes(images)
    # On CUDA float32 products may be rounded to TF32, which is too coarse for variances.
    return levels.to(torch.float64 if images.is_cuda else torch.float32) / 255


def _side(images: Tensor) -> int:
    return min(images.shape[-2:])


def _size(images: Tensor) -> str:
    return " x ".join(map(str, images.shape))
