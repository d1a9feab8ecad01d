"""What a pix2pix recipe may say beyond the shared keys."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from limner.config.base import Settings
from limner.config.cross_checks import check_channels, check_patches, check_players, check_size
from limner.config.networks import PatchGANFirst, PatchGANSettings, UNetFirst, UNetSettings
from limner.config.recipe import Recipe

PLAYERS = ("generator", "discriminator")
"""Who may have an optimiser of their own in `training.optimisers`."""


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

    method: str = "pix2pix"
    """This method."""
    generator: UNetFirst = UNetSettings()
    """The network that translates."""
    discriminator: PatchGANFirst = PatchGANSettings()
    """The network that tells real pairs from made ones; not built with loss.mode=l1."""
    loss: Pix2PixLossSettings = Pix2PixLossSettings()
    """What is minimised."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_size(self.data.size, self.generator)
        images = self.generator.in_channels + self.generator.out_channels
        check_channels(self.generator, self.discriminator, images, "input and output together have")
        check_players("pix2pix", PLAYERS, self.training.optimisers)
        if self.loss.mode == "l1":
            if self.loss.l1 == 0:
                raise ValueError("loss.mode=l1 with loss.l1=0 leaves nothing to learn: set loss.l1=100")
        else:
            check_patches(self.discriminator, self.data.size, self.training.batch // self.training.accumulate)
        return self
