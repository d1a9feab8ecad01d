"""Inputs derived from photographs: what they look like, and that they never change by themselves."""

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from limner.config.data import DeriveSettings
from limner.data.derive import derive

KINDS = ("edges", "grey", "low-resolution", "blur-noise")


@pytest.fixture(scope="module")
def photograph():
    return np.asarray(Image.fromarray(astronaut()).resize((128, 128)))


@pytest.mark.parametrize("kind", KINDS)
def test_same_form_same_result(photograph, kind):
    before = photograph.copy()
    made = derive(photograph, DeriveSettings(kind=kind), 128)
    assert made.dtype == np.uint8 and made.shape == photograph.shape
    assert np.array_equal(made, derive(photograph, DeriveSettings(kind=kind), 128))
    assert np.array_equal(before, photograph) and not np.array_equal(made, photograph)


def test_edges_are_thin_black_lines_on_white():
    target = np.full((64, 64, 3), 40, np.uint8)
    target[:, 32:] = 220
    lines = derive(target, DeriveSettings(kind="edges"), 256)
    assert set(np.unique(lines)) == {0, 255}
    black = np.argwhere(lines[..., 0] == 0)
    assert len(black) == 64 and set(black[:, 1]) <= {31, 32}


def test_edges_scale_with_the_size(photograph):
    count = {size: (derive(photograph, DeriveSettings(kind="edges"), size) == 0).sum() for size in (64, 512)}
    assert count[64] > count[512]


def test_grey_has_three_equal_channels(photograph):
    grey = derive(photograph, DeriveSettings(kind="grey"), 128)
    assert (grey == grey[..., :1]).all()
    assert np.array_equal(grey[..., 0], np.asarray(Image.fromarray(photograph).convert("L")))


def test_strength_takes_more_away(photograph):
    def error(kind, strength):
        made = derive(photograph, DeriveSettings(kind=kind, strength=strength), 128)
        return np.abs(made.astype(int) - photograph).mean()

    for kind in ("low-resolution", "blur-noise"):
        assert error(kind, 0.5) < error(kind, 1.0) < error(kind, 2.0)


def test_noise_differs_between_images(photograph):
    settings = DeriveSettings(kind="blur-noise")
    other = photograph.copy()
    other[0, 0] ^= 1
    difference = derive(photograph, settings, 128).astype(int) - derive(other, settings, 128)
    assert (difference != 0).mean() > 0.9
