"""What a recipe may say of networks. `limner.networks.build` turns each of these into a module."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from limner.config.base import Settings

Norm = Literal["batch", "instance", "none"]


HALVINGS = {1: 0, 16: 1, 70: 3, 286: 5}
"""PatchGAN's receptive field in pixels (with kernel 4) -> its number of stride-2 convolutions."""


def _study_dropout_blocks(settings: dict[str, Any]) -> list[int]:
    return [block for block in (1, 2, 3, 4) if block < settings.get("levels", 8)]


class UNetSettings(Settings):
    """U-Net generator of pix2pix (arXiv:1611.07004, appendix 6.1.1)."""

    kind: Literal["unet"] = "unet"
    """Which network it is."""
    levels: Annotated[int, Field(ge=2, le=12)] = 8
    """Number of halvings: pictures must be multiples of 2**levels. 8 for 256 px (54,414,531 parameters), 7 for 128."""
    width: PositiveInt = 64
    """Channels of the first level; doubled at each level up to 8 times this."""
    in_channels: PositiveInt = 3
    """Channels of the input picture."""
    out_channels: PositiveInt = 3
    """Channels of the output picture."""
    norm: Norm = "batch"
    """Norm of every block but the first and innermost of the encoder and the last of the decoder."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Probability of dropout in those decoder blocks that have it (section 3.2)."""
    dropout_blocks: list[PositiveInt] = Field(default_factory=_study_dropout_blocks)
    """Decoder blocks with dropout, counted from the innermost (1); the last block has none. By default 1-4, as in the
    study, as far as they exist; the paper: 1-3; the public code: 2-4."""

    @model_validator(mode="after")
    def _blocks_exist(self) -> Self:
        if any(block >= self.levels for block in self.dropout_blocks):
            raise ValueError(
                f"generator.dropout_blocks is {self.dropout_blocks}, but with generator.levels={self.levels} only the "
                f"decoder blocks 1 to {self.levels - 1} can have dropout (the last one makes the picture)"
            )
        return self


class PatchGANSettings(Settings):
    """PatchGAN discriminator (arXiv:1611.07004, appendix 6.1.2)."""

    kind: Literal["patchgan"] = "patchgan"
    """Which network it is."""
    field: Literal[1, 16, 70, 286] = 70
    """Receptive field of one output in pixels; 1 is the paper's PixelGAN, 286 its ImageGAN at 256 px."""
    width: PositiveInt = 64
    """Channels of the first convolution; doubled at each one up to 8 times this."""
    kernel: Annotated[int, Field(ge=2, le=8)] = 4
    """Kernel size; the named fields hold for 4."""
    in_channels: PositiveInt = 6
    """Channels of all pictures it sees together: 3 of the input and 3 of the output."""
    norm: Norm = "batch"
    """Norm of every convolution but the first and the last."""

    def sides(self, size: int) -> list[int]:
        """Side in pixels of what each convolution puts out, for pictures of side `size`; the last is the logits'."""
        kernel = 1 if self.field == 1 else self.kernel
        strides = [1, 1, 1] if self.field == 1 else [2] * HALVINGS[self.field] + [1, 1]
        sides: list[int] = []
        for stride in strides:
            size = max((size + 2 * ((kernel - 1) // 2) - kernel) // stride + 1, 0)
            sides.append(size)
        return sides


GeneratorSettings = UNetSettings
DiscriminatorSettings = PatchGANSettings
NetworkSettings = UNetSettings | PatchGANSettings
