"""Initial weights of pix2pix (arXiv:1611.07004, section 6.2) and of the public PyTorch code."""

from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def initialise(network: Network, deviation: float = 0.02) -> Network:
    """Convolutions and linear layers ~ N(0, deviation), scales of norms ~ N(1, deviation), every bias 0. In place."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, deviation)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, deviation)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return network
