"""Networks by their usual names; pure modules that know nothing of training."""

from torch import nn

from limner.config.networks import (
    NetworkSettings,
    OriginalUNetSettings,
    PatchGANSettings,
    ResNetSettings,
    SigmoidPatchSettings,
    UNetSettings,
)
from limner.networks.initialise import Initial, initialise
from limner.networks.original_unet import OriginalUNet
from limner.networks.patch_heads import PatchHeads
from limner.networks.patchgan import PatchGAN, SigmoidPatchGAN
from limner.networks.resnet import ResNetGenerator
from limner.networks.unet import UNet

__all__ = ["OriginalUNet", "PatchGAN", "PatchHeads", "ResNetGenerator", "SigmoidPatchGAN", "UNet", "build"]


def build(settings: NetworkSettings, initial: Initial = "normal") -> nn.Module:
    """The network that the settings describe, freshly initialised (see `initialise`) from torch's default generator."""
    arguments = settings.model_dump(exclude={"kind"})
    network: nn.Module
    match settings:
        case UNetSettings():
            network = UNet(**arguments)
        case ResNetSettings():
            network = ResNetGenerator(**arguments)
        case OriginalUNetSettings():
            network = OriginalUNet(**arguments)
        case SigmoidPatchSettings():
            network = SigmoidPatchGAN(**arguments)
        case PatchGANSettings():
            network = PatchGAN(**arguments)
    return initialise(network, initial)
