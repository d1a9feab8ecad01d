"""The U-Net is the paper's: its size, its biases, its norms, its dropout, its skips."""

import pytest
import torch
from torch import nn

from limner.config.networks import UNetSettings
from limner.networks import UNet, build


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_default_has_the_parameters_of_the_study() -> None:
    assert count(UNet()) == 54_414_531


def test_seven_levels_serve_128_pixels() -> None:
    network = UNet(levels=7, base_channels=4).eval()
    assert network(torch.zeros(1, 3, 128, 128)).shape == (1, 3, 128, 128)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_bias_exactly_where_no_norm_follows(norm: str) -> None:
    network = UNet(levels=5, base_channels=4, norm=norm)  # type: ignore[arg-type]
    for block in [*network.encoder, *network.decoder]:
        layers = list(block)
        (convolution,) = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
        normalised = any(isinstance(layer, nn.BatchNorm2d | nn.InstanceNorm2d) for layer in layers)
        assert (convolution.bias is None) == normalised


def test_no_norm_on_first_and_innermost_encoder_nor_last_decoder_block() -> None:
    network = UNet(levels=5, base_channels=4)
    normed = [any(isinstance(layer, nn.BatchNorm2d) for layer in block) for block in network.encoder]
    assert normed == [False, True, True, True, False]
    normed = [any(isinstance(layer, nn.BatchNorm2d) for layer in block) for block in network.decoder]
    assert normed == [True, True, True, True, False]


@pytest.mark.parametrize("blocks", [[1, 2, 3, 4], [2, 3, 4], [1]])
def test_dropout_counts_from_the_innermost(blocks: list[int]) -> None:
    network = UNet(levels=6, base_channels=4, dropout_blocks=blocks)
    found = [n for n, block in enumerate(network.decoder, 1) if any(isinstance(x, nn.Dropout) for x in block)]
    assert found == blocks


def test_skips_reach_the_output() -> None:
    """With the inner levels silenced, the picture can only pass through the outermost skip."""
    network = UNet(levels=3, base_channels=4, norm="none", dropout=0.0)
    nn.init.zeros_(network.decoder[-2][1].weight)
    flat, image = torch.zeros(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    assert not torch.allclose(network(flat), network(image))


def test_matches_a_plain_formula() -> None:
    """Two levels written out by hand, as the appendix says it."""
    torch.manual_seed(0)
    network = UNet(levels=2, base_channels=2, norm="none", dropout=0.0).double()
    image = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    functional = nn.functional
    first = functional.conv2d(image, network.encoder[0][0].weight, network.encoder[0][0].bias, 2, 1)
    inner_layer, up_layer, last_layer = network.encoder[1][1], network.decoder[0][1], network.decoder[1][1]
    inner = functional.conv2d(functional.leaky_relu(first, 0.2), inner_layer.weight, inner_layer.bias, 2, 1)
    up = functional.conv_transpose2d(functional.relu(inner), up_layer.weight, up_layer.bias, 2, 1)
    joined = functional.relu(torch.cat([first, up], 1))
    expected = functional.conv_transpose2d(joined, last_layer.weight, last_layer.bias, 2, 1).tanh()
    torch.testing.assert_close(network(image), expected)


def test_initial_weights_follow_the_paper() -> None:
    torch.manual_seed(0)
    network = build(UNetSettings(levels=6, base_channels=32))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert float(module.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
            assert module.bias is None or not module.bias.any()
        if isinstance(module, nn.BatchNorm2d):
            assert float(module.weight.detach().mean()) == pytest.approx(1.0, abs=0.02)
            assert 0 < float(module.weight.detach().std()) < 0.04
            assert (module.eps, module.momentum) == (1e-5, 0.1)
