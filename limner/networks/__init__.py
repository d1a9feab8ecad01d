"""Networks by their usual names; pure modules that know nothing of training."""

from typing import Any

from torch import nn

from limner.config.base import Settings
from limner.config.networks import NetworkSettings
from limner.networks.base import Initial, SettingsNetwork, initialise
from limner.networks.original_unet import OriginalUNet
from limner.networks.patchgan import PatchGAN, SigmoidPatchGAN
from limner.networks.resnet import PatchHeads, ResNetGenerator
from limner.networks.unet import UNet

__all__ = [
    "OriginalUNet",
    "PatchGAN",
    "PatchHeads",
    "ResNetGenerator",
    "SigmoidPatchGAN",
    "UNet",
    "build",
    "initialise",
]

_NETWORKS: dict[type[Settings], type[SettingsNetwork[Any]]] = {
    network.settings_class: network for network in (UNet, ResNetGenerator, OriginalUNet, PatchGAN, SigmoidPatchGAN)
}


def build(settings: NetworkSettings, initial: Initial = "normal") -> nn.Module:
    """The network that the settings describe, freshly initialised (see `initialise`) from torch's default generator."""
    # The nearest class that is known: settings of one's own may only have other defaults.
    network = next(_NETWORKS[kind] for kind in type(settings).__mro__ if kind in _NETWORKS)
    return initialise(network(settings), initial)
