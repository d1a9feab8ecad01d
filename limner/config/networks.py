"""What a recipe may say of networks. `limner.networks.build` turns each of these into a module."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from limner.config.base import Settings

Norm = Literal["batch", "instance", "none"]


class UNetSettings(Settings):
    """U-Net generator of pix2pix (arXiv:1611.07004, appendix 6.1.1)."""

    kind: Literal["unet"] = "unet"
    levels: Annotated[int, Field(ge=2, le=12)] = 8
    """Number of halvings: pictures must be multiples of 2**levels. 8 for 256 px (54,414,531 parameters), 7 for 128."""
    width: PositiveInt = 64
    """Channels of the first level; doubled at each level up to 8 times this."""
    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    norm: Norm = "batch"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    dropout_blocks: list[PositiveInt] = [1, 2, 3, 4]
    """Decoder blocks with dropout, counted from the innermost (1). The study: 1-4; the paper: 1-3; the public code: 2-4."""


class PatchGANSettings(Settings):
    """PatchGAN discriminator (arXiv:1611.07004, appendix 6.1.2)."""

    kind: Literal["patchgan"] = "patchgan"
    field: Literal[1, 16, 70, 286] = 70
    """Receptive field of one output in pixels; 1 is the paper's PixelGAN, 286 its ImageGAN at 256 px."""
    width: PositiveInt = 64
    kernel: Annotated[int, Field(ge=2, le=8)] = 4
    """Kernel size; the named fields hold for 4."""
    in_channels: PositiveInt = 6
    """Channels of all pictures it sees together: 3 of the input and 3 of the output."""
    norm: Norm = "batch"


GeneratorSettings = UNetSettings
DiscriminatorSettings = PatchGANSettings
NetworkSettings = UNetSettings | PatchGANSettings
