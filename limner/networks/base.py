"""What the networks share: they are built from their settings, have norm layers, and start from drawn weights."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, TypeVar

from torch import nn

from limner.config.base import Settings
from limner.config.networks import Norm

Chosen = TypeVar("Chosen", bound=Settings)
Network = TypeVar("Network", bound=nn.Module)
Initial = Literal["normal", "xavier"]


class SettingsNetwork(nn.Module, Generic[Chosen]):
    """A network whose arguments, with their defaults and meanings, are the keys of a settings class.

    Args:
        settings: what to build; by default made from the keyword arguments.
        arguments: keys of `settings_class`, instead of whole settings: `UNet(levels=7)`.

    Raises:
        ValueError: an argument is unknown, or not what its key may be.

    Attributes:
        settings_class: the settings that describe the network.
    """

    settings_class: ClassVar[type[Settings]]

    def __init__(self, settings: Chosen | None = None, **arguments: Any) -> None:
        super().__init__()
        if settings is None:
            self._build(self.settings_class(**arguments))  # type: ignore[arg-type]
        elif arguments:
            raise TypeError(f"give settings or {', '.join(arguments)}, not both")
        else:
            self._build(settings)

    def _build(self, settings: Chosen) -> None:
        """Make the layers."""
        raise NotImplementedError


def norm_layer(norm: Norm, channels: int) -> nn.Module | None:
    """The layer, or None for "none".

    Batch norm has eps 1e-5, momentum 0.1, scale and shift; instance norm has neither scale nor shift nor memory
    (both as in the public pix2pix and CycleGAN code).
    """
    match norm:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "instance":
            return nn.InstanceNorm2d(channels)
        case "none":
            return None


def initialise(network: Network, initial: Initial = "normal", gain: float = 0.02) -> Network:
    """Draw all weights of a network anew, in place, as pix2pix (arXiv:1611.07004, section 6.2), CycleGAN and CUT do.

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
