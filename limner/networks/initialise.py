"""Initial weights of pix2pix (arXiv:1611.07004, section 6.2), CycleGAN and CUT."""

from typing import Literal, TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)
Initial = Literal["normal", "xavier"]


def initialise(network: Network, initial: Initial = "normal", gain: float = 0.02) -> Network:
    """Draw all weights of a network anew, in place.

    Args:
        initial: convolutions and linear layers are drawn from N(0, gain) (pix2pix, CycleGAN), or "xavier": from
            N(0, gain * sqrt(2 / (fan_in + fan_out))) (the public code of CUT).
        gain: see above; scales of batch norm are drawn from N(1, gain). Every bias becomes 0.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            if initial == "xavier":
                nn.init.xavier_normal_(module.weight, gain)
            else:
                nn.init.normal_(module.weight, 0.0, gain)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, gain)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return network
