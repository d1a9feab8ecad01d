"""The norm statistics of a whole picture, gathered tile by tile."""

import pytest
import torch
from torch import nn

from limner.inference.any_size import fixed_statistics, gathered_statistics


def gathered(tiles):
    """Mean and variance that an instance norm has met, given the tiles one by one."""
    network = nn.Sequential(nn.InstanceNorm2d(tiles.shape[1]))
    with gathered_statistics(network) as statistics:
        for tile in tiles:
            network(tile[None])
    return network, statistics


@pytest.mark.parametrize("level", [0.0, 30.0, 100.0])
@pytest.mark.parametrize("spread, steps", [(0.0, 0.0), (1e-4, 0.0), (0.0, 1e-3), (0.5, 2.0)])
def test_tiles_are_pooled_as_float64_would_pool_the_whole(level, spread, steps):
    """Flat tiles at a high level, where the mean of squares less the square of the mean has no digits left."""
    torch.manual_seed(0)
    tiles = level + spread * torch.randn(3, 4, 16, 16) + steps * torch.arange(3.0)[:, None, None, None]
    mean, variance = gathered(tiles)[1]["0"]
    whole = tiles.double().transpose(0, 1).flatten(1)
    assert mean.dtype == variance.dtype == torch.float32
    assert variance.min() >= 0
    torch.testing.assert_close(mean.double(), whole.mean(1), rtol=1e-6, atol=1e-6)
    # Each tile's mean is a float32, which at this level ends in steps of about level * 1e-7.
    torch.testing.assert_close(variance.double(), whole.var(1, correction=0), rtol=1e-4, atol=(level * 1e-7) ** 2)


@pytest.mark.parametrize("level", [30.0, 100.0])
def test_a_flat_image_stays_a_number(level):
    tiles = torch.full((40, 8, 16, 16), level) * (1 + 2e-7 * torch.rand(40, 8, 1, 1))
    network, statistics = gathered(tiles)
    with fixed_statistics(network, statistics):
        assert network(tiles[:1]).isfinite().all()
