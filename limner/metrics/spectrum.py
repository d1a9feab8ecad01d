"""Does a generator draw as much detail as the real pictures, at every scale? Compare their power spectra."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from limner.data.splits import References
from limner.metrics.metric import Metric, Outputs, chunks

BANDS = (1, 4, 8, 16, 32, 64, 96, 128)
"""Edges of the frequency bands, in cycles per picture, for pictures of 256 pixels."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey picture (ITU-R BT.601)."""

SMALLEST = 8
"""Least height and width in pixels: the first band, 1 to 4 cycles, must lie below the Nyquist frequency."""


def spectrum_distance(generated: Tensor, real: Tensor) -> float:
    """Mean over frequency bands of |log10 mean power generated - log10 mean power real|.

    0 means equally detailed at every scale; a blur scores high because its fine bands are empty. Pictures need not
    be paired: only the mean spectrum of each set counts.

    Args:
        generated: (N, C, H, W), any range, the same for both sets; H and W at least SMALLEST.
        real: (M, C, H, W) of the same height and width.

    Returns:
        The distance in decades of power (1 = ten times too much or too little).
    """
    return _power_distance(band_power(generated), band_power(real))


def _power_distance(generated: Tensor, real: Tensor) -> float:
    """The spectrum distance from what `band_power` gave for each set; an empty band counts as a power of 1e-12."""
    return float((generated.clamp_min(1e-12).log10() - real.clamp_min(1e-12).log10()).abs().mean())


def band_power(images: Tensor) -> Tensor:
    """Mean spectral power of a set of pictures in each frequency band, (bands,), float64.

    Pictures are made grey (RGB by LUMA, other channels by their mean) and multiplied by a Hann window, so that opposite
    borders do not count as an edge. The bands reach up to the Nyquist frequency of a 256 px picture; smaller pictures
    use those below their own.

    Args:
        images: (N, C, H, W), floats of any range or bytes; H and W at least SMALLEST.
    """
    height, width = images.shape[-2:]
    device = images.device
    channels = images.shape[1]
    weights = torch.tensor(LUMA if channels == 3 else [1 / channels] * channels, dtype=torch.float64, device=device)
    grey = torch.einsum("nchw,c->nhw", images.double(), weights)
    window = torch.outer(_hann(height), _hann(width)).to(device)
    power = torch.fft.fft2((grey - grey.mean(dim=(1, 2), keepdim=True)) * window).abs().square().mean(dim=0)
    rows = torch.fft.fftfreq(height, 1 / height, device=device)
    columns = torch.fft.fftfreq(width, 1 / width, device=device)
    radius = (rows[:, None].square() + columns[None, :].square()).sqrt()
    edges = band_edges(height, width)
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in pairwise(edges)]
    return torch.stack(bands)


def band_edges(height: int, width: int) -> list[int]:
    """Edges of the bands that pictures of this size have, in cycles per picture: one more than there are bands."""
    nyquist = min(height, width) // 2
    edges = [edge for edge in BANDS if edge <= nyquist]
    return edges if edges[-1] in (nyquist, BANDS[-1]) else [*edges, nyquist]


def _hann(length: int) -> Tensor:
    return torch.hann_window(length, periodic=True, dtype=torch.float64)


def _distance(outputs: Outputs, references: References) -> float:
    return _power_distance(_power_of_all(outputs.images), _power_of_all(references.images))


def _power_of_all(images: Tensor) -> Tensor:
    """`band_power` of uint8 images, a few at a time, for numbers in [0, 1]."""
    total = torch.zeros((), dtype=torch.float64, device=images.device)
    for (some,) in chunks(images):
        total = total + band_power(some) * len(some)
    return total / len(images)


SPECTRUM_DISTANCE = Metric(
    "spectrum_distance",
    "Spectrum distance",
    "Is there as much detail as in real pictures of the kind that should be made, at every scale, in powers of ten? 0 "
    "is equal. A blur scores badly. It looks neither at where the detail is, nor at what it shows.",
    frozenset({"images"}),
    whole=_distance,
    better="lower",
    smallest=SMALLEST,
)
