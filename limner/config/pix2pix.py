"""What a pix2pix recipe may say beyond the shared keys."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from limner.config.base import Settings
from limner.config.networks import DiscriminatorSettings, GeneratorSettings, PatchGANSettings, UNetSettings
from limner.config.recipe import Recipe


class Pix2PixLossSettings(Settings):
    """The objective of arXiv:1611.07004, equation 4."""

    mode: Literal["l1", "cgan", "l1+cgan"] = "l1+cgan"
    """l1 alone, the adversary alone, or both (section 4.1 compares the three)."""
    l1: NonNegativeFloat = 100.0
    """Weight of the L1 term, lambda in the paper (section 3.3: 100)."""
    adversarial: Literal["bce", "least-squares"] = "bce"
    """bce: binary cross-entropy on logits (the paper); least-squares: LSGAN (arXiv:1611.04076)."""
    real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0
    """What the discriminator is asked to say of real pictures; 0.9 is one-sided label smoothing (arXiv:1606.03498)."""


class Pix2PixRecipe(Recipe):
    """Recipe of `limner.methods.pix2pix`."""

    method: Literal["pix2pix"] = "pix2pix"
    generator: GeneratorSettings = UNetSettings()
    discriminator: DiscriminatorSettings = PatchGANSettings()
    loss: Pix2PixLossSettings = Pix2PixLossSettings()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        multiple = 2**self.generator.levels
        if self.data.size % multiple:
            raise ValueError(
                f"data.size is {self.data.size}, but a U-Net of {self.generator.levels} levels needs a multiple of "
                f"{multiple}: set generator.levels={_most_levels(self.data.size)} or another data.size"
            )
        return self


def _most_levels(size: int) -> int:
    return (size & -size).bit_length() - 1
