"""The spectrum distance against closed forms."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from limner.metrics.spectrum import BANDS, band_edges, band_power, spectrum_distance


def grey(image: Tensor) -> Tensor:
    """(H, W) or (N, H, W) -> (N, 3, H, W)."""
    return image.reshape(-1, 1, *image.shape[-2:]).expand(-1, 3, -1, -1)


def noise(count: int, size: int = 256, seed: int = 0) -> Tensor:
    return grey(torch.randn(count, size, size, generator=torch.Generator().manual_seed(seed)))


def wave(cycles: int, size: int = 256) -> Tensor:
    along = torch.arange(size, dtype=torch.float64) / size
    return grey(torch.sin(2 * math.pi * cycles * along).expand(size, size))


def test_bands_of_the_definition() -> None:
    assert BANDS == (1, 4, 8, 16, 32, 64, 96, 128)
    assert band_edges(256, 256) == list(BANDS)
    assert band_edges(512, 300) == list(BANDS)
    assert band_edges(128, 128) == [1, 4, 8, 16, 32, 64]
    assert band_edges(100, 256) == [1, 4, 8, 16, 32, 50]
    assert band_edges(9, 9) == [1, 4]


def test_white_noise_is_flat_with_the_windows_power() -> None:
    # The power of unit white noise under a window w is sum(w^2) at each frequency; for Hann it is 3/8 a side.
    expected = (256 * 3 / 8) ** 2
    powers = band_power(noise(24))
    assert torch.allclose(powers, torch.full_like(powers, expected), rtol=0.15)
    assert torch.allclose(powers[3:], torch.full_like(powers[3:], expected), rtol=0.03)


@pytest.mark.parametrize(("cycles", "band"), [(2, 0), (6, 1), (12, 2), (24, 3), (48, 4), (80, 5), (112, 6)])
def test_a_sinusoid_falls_into_its_band(cycles: int, band: int) -> None:
    powers = band_power(wave(cycles))
    assert powers.argmax() == band
    others = powers[torch.arange(len(powers)) != band]
    assert powers[band] > 1e6 * others.max()


@pytest.mark.parametrize(("cycles", "band"), [(8, 2), (64, 5)])
def test_an_edge_belongs_to_the_band_above_it(cycles: int, band: int) -> None:
    # The window spreads the wave over its two neighbours too, so only most of the power is in the band.
    assert band_power(wave(cycles)).argmax() == band


def test_identical_sets_have_distance_zero() -> None:
    assert spectrum_distance(noise(3), noise(3)) == 0


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_ten_times_the_contrast_is_two_decades_of_power(factor: float) -> None:
    assert spectrum_distance(noise(2) * factor, noise(2)) == pytest.approx(2, abs=1e-6)


def test_neither_scale_nor_brightness_nor_order_of_both_sets_matters() -> None:
    ours, theirs = noise(3, 64, seed=1), avg_pool2d(noise(3, 64, seed=2), 3, 1, 1)
    distance = spectrum_distance(ours, theirs)
    assert spectrum_distance(ours * 7, theirs * 7) == pytest.approx(distance, rel=1e-6)
    assert spectrum_distance(ours + 5, theirs - 3) == pytest.approx(distance, rel=1e-3)
    assert spectrum_distance(theirs, ours) == pytest.approx(distance)
    assert spectrum_distance(ours.flip(0), theirs) == pytest.approx(distance)


def test_a_blur_empties_the_fine_bands_more_the_wider_it_is() -> None:
    real = noise(4)
    narrow, wide = avg_pool2d(real, 3, 1, 1), avg_pool2d(real, 7, 1, 3)
    lost = (band_power(narrow) / band_power(real)).tolist()
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0.95
    assert 0 < spectrum_distance(narrow, real) < spectrum_distance(wide, real)


def test_bytes_and_floats_agree() -> None:
    levels = torch.randint(0, 256, (2, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    assert torch.equal(band_power(levels), band_power(levels.float()))


def test_colours_count_as_the_eye_weighs_them() -> None:
    images = torch.zeros(3, 3, 32, 32)
    for channel in range(3):
        images[channel, channel] = noise(1, 32)[0, 0]
    red, green, blue = (band_power(images[channel : channel + 1])[0].sqrt() for channel in range(3))
    assert float(green / red) == pytest.approx(0.587 / 0.299, rel=1e-4)
    assert float(blue / red) == pytest.approx(0.114 / 0.299, rel=1e-4)


def test_other_channels_count_alike() -> None:
    one = noise(2, 32)[:, :1]
    assert torch.allclose(band_power(one), band_power(one.expand(-1, 3, -1, -1)))
    images = torch.cat([one, torch.zeros(2, 3, 32, 32)], dim=1)
    assert torch.allclose(band_power(images), band_power(one) / 16)


@pytest.mark.parametrize("size", [8, 9, 17, 33, 100])
def test_odd_sizes_have_no_empty_band(size: int) -> None:
    assert band_power(noise(2, size)).isfinite().all()
    assert math.isfinite(spectrum_distance(torch.zeros(1, 3, size, size), noise(2, size)))
