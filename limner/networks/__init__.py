"""Networks by their usual names; pure modules that know nothing of training."""

from torch import nn

from limner.config.networks import NetworkSettings, PatchGANSettings, UNetSettings
from limner.networks.initialise import initialise
from limner.networks.patchgan import PatchGAN
from limner.networks.unet import UNet

__all__ = ["PatchGAN", "UNet", "build"]


def build(settings: NetworkSettings) -> nn.Module:
    """The network that the settings describe, freshly initialised from torch's default random generator."""
    arguments = settings.model_dump(exclude={"kind"})
    network: nn.Module
    match settings:
        case UNetSettings():
            network = UNet(**arguments)
        case PatchGANSettings():
            network = PatchGAN(**arguments)
    return initialise(network)
