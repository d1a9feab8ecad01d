"""The first U-Net: its size, its biases, its channels, its skips."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from limner.networks import OriginalUNet


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("up", ["bilinear", "nearest", "transposed"])
def test_default_has_the_parameters_that_the_paper_implies(up: str) -> None:
    with torch.device("meta"):
        network = OriginalUNet(up=up)  # type: ignore[arg-type]
    channels = [64, 128, 256, 512, 1024]
    pairs = list(pairwise(channels))
    expected = 9 * (3 * 64 + 64 * 64)  # without bias, because a norm without parameters follows
    expected += sum(9 * (few * many + many * many) for few, many in pairs)
    expected += sum(9 * (2 * few * few + few * few) for few, _ in pairs)
    expected += sum((4 if up == "transposed" else 9) * many * few + few for few, many in pairs)
    expected += 64 * 3 + 3
    assert count(network) == expected


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_bias_exactly_where_no_norm_follows(norm: str) -> None:
    network = OriginalUNet(levels=2, base_channels=4, norm=norm)  # type: ignore[arg-type]
    inside = [m for half in (network.encoder, network.decoder) for m in half.modules() if isinstance(m, nn.Conv2d)]
    assert len(inside) == 2 * 3 + 2 * 2
    assert {layer.bias is not None for layer in inside} == {norm == "none"}
    outside = [m for part in (network.enlarge, network.last) for m in part.modules() if isinstance(m, nn.Conv2d)]
    assert all(layer.bias is not None for layer in outside)


@pytest.mark.parametrize("up", ["bilinear", "nearest", "transposed"])
def test_matches_a_plain_formula(up: str) -> None:
    """Two levels written out by hand."""
    torch.manual_seed(0)
    network = OriginalUNet(levels=2, base_channels=2, up=up, norm="none").double()  # type: ignore[arg-type]
    image = torch.randn(1, 3, 8, 12, dtype=torch.float64)

    def twice(block: nn.Module, features: torch.Tensor) -> torch.Tensor:
        for layer in (m for m in block.modules() if isinstance(m, nn.Conv2d)):
            features = functional.conv2d(features, layer.weight, layer.bias, padding=1).relu()
        return features

    def doubled(block: nn.Module, features: torch.Tensor) -> torch.Tensor:
        (layer,) = (m for m in block.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d))
        if up == "transposed":
            # Each pixel paints a square of 2 x 2 of its own.
            painted = torch.einsum("nchw,cdij->ndhiwj", features, layer.weight)
            return painted.flatten(4, 5).flatten(2, 3) + layer.bias[:, None, None]  # type: ignore[index]
        large = functional.interpolate(features, scale_factor=2, mode=up)
        return functional.conv2d(large, layer.weight, layer.bias, padding=1)

    outer = twice(network.encoder[0], image)
    middle = twice(network.encoder[1], functional.max_pool2d(outer, 2))
    inner = twice(network.encoder[2], functional.max_pool2d(middle, 2))
    middle = twice(network.decoder[0], torch.cat([middle, doubled(network.enlarge[0], inner)], 1))
    outer = twice(network.decoder[1], torch.cat([outer, doubled(network.enlarge[1], middle)], 1))
    last = network.last[0]
    expected = (torch.einsum("nchw,dc->ndhw", outer, last.weight[:, :, 0, 0]) + last.bias[:, None, None]).tanh()
    torch.testing.assert_close(network(image), expected)
