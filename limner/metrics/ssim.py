"""Structural similarity, on one scale and on five, of many pictures at once.

Torchmetrics computes the same with a two-dimensional window and includes mirrored borders; this is several times faster
(the window is separable, and each pass is one matrix product) and, like the original, looks only where the whole window
lies inside the picture. The tests compare it with scikit-image and with the inside of torchmetrics' map.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

WINDOW = 11
"""Side of the Gaussian window in pixels; its sigma is 1.5."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales (Wang et al. 2003, section 3.2)."""
MS_SSIM_SMALLEST = (WINDOW - 1) * 2 ** (len(SCALE_WEIGHTS) - 1) + 1
"""Least height and width for MS-SSIM, 161 pixels: the window must be smaller than the picture halved four times."""


def ssim(generated: Tensor, real: Tensor) -> Tensor:
    """Structural similarity of each pair (Wang et al. 2004, doi:10.1109/TIP.2003.819861), (N,).

    Each channel apart, then the mean over channels and positions. Gaussian window 11 x 11 with sigma 1.5, population
    covariances, K1 0.01, K2 0.03, data range 1, only positions where the window fits: what
    `skimage.metrics.structural_similarity(..., channel_axis, data_range=1, gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False)` gives.

    Args:
        generated: (N, C, H, W) in [0, 1], H and W at least 11.
        real: the same shape.
    """
    similarity, _ = _similarity_and_contrast(generated, real)
    return similarity.mean(dim=1)


def ssim_and_ms_ssim(generated: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """`ssim`, and with it MS-SSIM of each pair (Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216), (N,) each.

    Five scales, each the 2 x 2 means of the one before (of fewer pixels at an odd border); contrast and structure on
    the first four, the full similarity on the last, negative values as 0; each channel apart, then the mean over
    channels (as TensorFlow's `ssim_multiscale`).

    Args:
        generated: (N, C, H, W) in [0, 1], H and W at least MS_SSIM_SMALLEST.
        real: the same shape.
    """
    first, contrast = _similarity_and_contrast(generated, real)
    product = torch.ones_like(first)
    for weight in SCALE_WEIGHTS[:-1]:
        product = product * contrast.clamp_min(0) ** weight
        generated, real = _halved(generated), _halved(real)
        similarity, contrast = _similarity_and_contrast(generated, real)
    return first.mean(dim=1), (product * similarity.clamp_min(0) ** SCALE_WEIGHTS[-1]).mean(dim=1)


def _similarity_and_contrast(generated: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Means over positions of the similarity and of its contrast-structure factor, (N, C) each."""
    mean_generated, mean_real = _windowed(generated), _windowed(real)
    product = mean_generated * mean_real
    squares = mean_generated.square_().add_(mean_real.square_())
    variances = _windowed(generated.square() + real.square()).sub_(squares)
    covariance = _windowed(generated * real).sub_(product)
    contrast = covariance.mul_(2).add_(0.03**2).div_(variances.add_(0.03**2))
    luminance = product.mul_(2).add_(0.01**2).div_(squares.add_(0.01**2))
    return (luminance * contrast).mean(dim=(2, 3)), contrast.mean(dim=(2, 3))


def _halved(images: Tensor) -> Tensor:
    return avg_pool2d(images, 2, ceil_mode=True)


def _windowed(images: Tensor) -> Tensor:
    """Gaussian mean around each position where the window fits: (N, C, H, W) -> (N, C, H - 10, W - 10)."""
    height, width = images.shape[-2:]
    return _band_matrix(height, images) @ (images @ _band_matrix(width, images).T)


def _band_matrix(length: int, like: Tensor) -> Tensor:
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offsets.square() / (2 * 1.5**2))
    places = length - WINDOW + 1
    matrix = torch.zeros(places, length, dtype=torch.float64)
    rows = torch.arange(places)
    for offset, weight in enumerate(window / window.sum()):
        matrix[rows, rows + offset] = weight
    return matrix.to(like)
