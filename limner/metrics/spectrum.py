"""Does a generator draw as much detail as the real pictures, at every scale? Compare their power spectra."""

import torch
from torch import Tensor

BANDS = (1, 4, 8, 16, 32, 64, 96, 128)
"""Edges of the frequency bands, in cycles per picture, for pictures of 256 pixels."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey picture (ITU-R BT.601)."""


def spectrum_distance(generated: Tensor, real: Tensor) -> float:
    """Mean over frequency bands of |log10 mean power generated - log10 mean power real|.

    0 means equally detailed at every scale; a blur scores high because its fine bands are empty. Pictures need not
    be paired: only the mean spectrum of each set counts.

    Args:
        generated: (N, 3, H, W), any range, the same for both sets.
        real: (M, 3, H, W) of the same height and width.

    Returns:
        The distance in decades of power (1 = ten times too much or too little).
    """
    return float((band_power(generated).log10() - band_power(real).log10()).abs().mean())


def band_power(pictures: Tensor) -> Tensor:
    """Mean spectral power of a set of pictures in each frequency band, (bands,), float64.

    Pictures are made grey and multiplied by a Hann window, so that opposite borders do not count as an edge. The
    bands reach up to the Nyquist frequency of a 256 px picture; smaller pictures use those below their own.
    """
    grey = torch.einsum("nchw,c->nhw", pictures.double(), pictures.new_tensor(LUMA).double())
    height, width = grey.shape[-2:]
    window = torch.outer(_hann(height), _hann(width)).to(grey)
    power = torch.fft.fft2((grey - grey.mean(dim=(1, 2), keepdim=True)) * window).abs().square().mean(dim=0)
    rows = torch.fft.fftfreq(height, 1 / height, device=power.device)
    columns = torch.fft.fftfreq(width, 1 / width, device=power.device)
    radius = (rows[:, None].square() + columns[None, :].square()).sqrt()
    nyquist = min(height, width) / 2
    edges = [edge for edge in BANDS if edge <= nyquist]
    if edges[-1] < nyquist < BANDS[-1]:
        edges.append(int(nyquist))
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in zip(edges, edges[1:], strict=False)]
    return torch.stack(bands).clamp_min(1e-12)


def _hann(length: int) -> Tensor:
    return torch.hann_window(length, periodic=True, dtype=torch.float64)
