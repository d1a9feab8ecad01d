"""SSIM against scikit-image, MS-SSIM against its definition on scikit-image's maps, both against torchmetrics."""

import numpy as np
import pytest
import torch
from skimage import data
from skimage.metrics import structural_similarity
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from limner.metrics.ssim import MS_SSIM_SMALLEST, SCALE_WEIGHTS, ssim, ssim_and_ms_ssim


def photographs(size: int = 192) -> Tensor:
    crops = [data.astronaut()[:size, 100 : 100 + size], data.coffee()[100 : 100 + size, 200 : 200 + size]]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def worsened(images: Tensor) -> list[Tensor]:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return [(images + 0.1 * noise).clamp(0, 1), avg_pool2d(images, 5, 1, 2), images * 0.5, 1 - images]


def reference(ours: Tensor, theirs: Tensor) -> list[float]:
    return [
        structural_similarity(
            one.double().numpy(),
            other.double().numpy(),
            channel_axis=0,
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for one, other in zip(ours, theirs, strict=True)
    ]


@pytest.mark.parametrize("kind", range(4))
def test_ssim_is_scikit_images(kind: int) -> None:
    real = photographs(96)
    generated = worsened(real)[kind]
    assert ssim(generated, real).tolist() == pytest.approx(reference(generated, real), abs=2e-5)


def test_ssim_of_oblong_and_smallest_images() -> None:
    real = photographs(96)[:, :, :40]
    assert ssim(real.flip(-1), real).tolist() == pytest.approx(reference(real.flip(-1), real), abs=2e-5)
    least = photographs(11)
    assert ssim(least.flip(-1), least).tolist() == pytest.approx(reference(least.flip(-1), least), abs=1e-4)


def test_ssim_is_the_inside_of_torchmetrics_map() -> None:
    real = photographs(64)
    generated = worsened(real)[0]
    _, field = structural_similarity_index_measure(generated, real, data_range=1.0, return_full_image=True)
    assert torch.allclose(ssim(generated, real), field[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3)), atol=1e-5)


@pytest.mark.parametrize("kind", range(3))
def test_ms_ssim_is_near_torchmetrics(kind: int) -> None:
    """Not equal: torchmetrics counts mirrored borders on the last scale, and takes the mean over channels earlier."""
    real = photographs(256)
    generated = worsened(real)[kind]
    theirs = multiscale_structural_similarity_index_measure(generated, real, data_range=1.0, reduction="none")
    single, multiple = ssim_and_ms_ssim(generated, real)
    assert torch.allclose(multiple, theirs, atol=6e-3)
    assert torch.equal(single, ssim(generated, real))


def test_ms_ssim_is_its_definition() -> None:
    """Wang et al. 2003, equation 7, from SSIM maps of scikit-image: contrast-structure is SSIM without K1's factor."""
    real = photographs(176)[:1, :1]
    generated = worsened(real)[0]
    expected, ours, theirs = 1.0, generated.double(), real.double()
    for scale, weight in enumerate(SCALE_WEIGHTS):
        field = _map(ours, theirs)
        if scale < len(SCALE_WEIGHTS) - 1:
            field = field / _luminance(ours, theirs)
        expected *= float(field.mean()) ** weight
        ours, theirs = avg_pool2d(ours, 2), avg_pool2d(theirs, 2)
    assert float(ssim_and_ms_ssim(generated, real)[1]) == pytest.approx(expected, abs=1e-4)


def _map(ours: Tensor, theirs: Tensor) -> np.ndarray:
    _, field = structural_similarity(
        ours[0, 0].numpy(),
        theirs[0, 0].numpy(),
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return np.asarray(field)[5:-5, 5:-5]


def _luminance(ours: Tensor, theirs: Tensor) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    means = [gaussian_filter(one[0, 0].numpy(), 1.5, truncate=3.5)[5:-5, 5:-5] for one in (ours, theirs)]
    return np.asarray((2 * means[0] * means[1] + 1e-4) / (means[0] ** 2 + means[1] ** 2 + 1e-4))


def test_identical_images_score_one() -> None:
    real = photographs(MS_SSIM_SMALLEST)
    for scores in ssim_and_ms_ssim(real, real):
        assert torch.allclose(scores, torch.ones(2), atol=1e-6)


def test_flat_images_score_by_brightness_alone() -> None:
    dark, bright = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.8)
    assert float(ssim(dark, bright)) == pytest.approx((2 * 0.2 * 0.8 + 1e-4) / (0.04 + 0.64 + 1e-4), abs=1e-4)


def test_inverted_images_do_not_break_ms_ssim() -> None:
    real = photographs(MS_SSIM_SMALLEST)
    single, multiple = ssim_and_ms_ssim(1 - real, real)
    assert (single < 0).any()
    assert torch.equal(multiple, torch.zeros(2)), "a negative structure counts as 0, never as NaN"
