"""Every network is built from its settings, whole or as keyword arguments; defaults are stated there alone."""

from __future__ import annotations

import inspect

import pytest
import torch

from limner import networks
from limner.config.networks import (
    NetworkSettings,
    OriginalUNetSettings,
    PatchGANSettings,
    ResNetSettings,
    SigmoidPatchSettings,
    UNetSettings,
)

BY_NAME = {
    networks.UNet: UNetSettings,
    networks.ResNetGenerator: ResNetSettings,
    networks.OriginalUNet: OriginalUNetSettings,
    networks.PatchGAN: PatchGANSettings,
    networks.SigmoidPatchGAN: SigmoidPatchSettings,
}


@pytest.mark.parametrize("network", BY_NAME, ids=lambda network: network.__name__)
def test_settings_arguments_and_build_give_the_same_network(network: type[torch.nn.Module]) -> None:
    small = {"base_channels": 4, "in_channels": 2, "norm": "batch"}
    settings: NetworkSettings = BY_NAME[network](**small)
    shapes = [
        {name: tensor.shape for name, tensor in made.state_dict().items()}
        for made in (network(settings), network(**small), networks.build(settings))
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    with torch.device("meta"):
        without, by_default = network(), network(BY_NAME[network]())
    assert str(without) == str(by_default)
    assert type(networks.build(settings)) is network
    assert settings.title


def test_arguments_are_checked_like_keys_of_a_recipe() -> None:
    with pytest.raises(ValueError, match="widht"):
        networks.UNet(widht=3)
    with pytest.raises(ValueError, match="norm"):
        networks.PatchGAN(norm="layer")
    with pytest.raises(TypeError, match="not both"):
        networks.UNet(UNetSettings(), levels=3)


def test_settings_of_ones_own_may_only_have_other_defaults() -> None:
    class Narrow(SigmoidPatchSettings):
        """A narrow discriminator."""

        base_channels: int = 2
        """Channels of the first convolution."""

    network = networks.build(Narrow())
    assert type(network) is networks.SigmoidPatchGAN and network.layers[0].out_channels == 2


def test_titles_tell_the_networks_apart() -> None:
    assert len({settings.title for settings in BY_NAME.values()}) == len(BY_NAME)


def test_defaults_are_stated_once() -> None:
    for network in BY_NAME:
        assert list(inspect.signature(network).parameters) == ["settings", "arguments"]
