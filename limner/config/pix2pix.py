"""What a pix2pix recipe may say beyond the shared keys."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from limner.config.base import Settings
from limner.config.cross_checks import (
    Objective,
    check_channels,
    check_objective,
    check_patches,
    check_players,
    check_size,
)
from limner.config.curves import Curve, adversary_curves
from limner.config.data import PairedDataSettings, UseSettings
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
    adversarial: Objective = "bce"
    """bce: binary cross-entropy on logits (the paper); least-squares: LSGAN (arXiv:1611.04076); hinge:
    arXiv:1705.02894; relativistic: real and made pictures compared in pairs, without penalties (arXiv:2501.05441)."""
    real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0
    """What the discriminator is asked to say of real pictures; 0.9 is one-sided label smoothing (arXiv:1606.03498)."""


class Pix2PixRecipe(Recipe):
    """Recipe of `limner.methods.pix2pix`."""

    method: str = "pix2pix"
    """This method."""
    data: PairedDataSettings = PairedDataSettings()
    """The pairs."""
    generator: UNetFirst = UNetSettings()
    """The network that translates."""
    discriminator: PatchGANFirst = PatchGANSettings()
    """The network that tells real pairs from made ones; not built with loss.mode=l1."""
    loss: Pix2PixLossSettings = Pix2PixLossSettings()
    """What is minimised."""
    use: UseSettings = UseSettings(norm="batch", dropout=True)
    """How the trained generator is run: as it was in training."""

    @property
    def curves(self) -> Mapping[str, Curve]:
        l1 = Curve(
            "L1 term", "Mean absolute difference to the target, in the network's range of -1 to 1.", better="lower"
        )
        adversary = adversary_curves("generator", "discriminator", self.loss.adversarial)
        return {"generator/l1": l1} | (adversary if self.loss.mode != "l1" else {})

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_size(self.data.size, self.generator)
        check_channels(self.data.channels, self.generator, self.discriminator, images=2)
        check_players("pix2pix", PLAYERS, self.training.optimisers)
        check_objective(self.loss.adversarial, self.loss.real_label)
        if self.loss.mode == "l1":
            if self.loss.l1 == 0:
                raise ValueError("loss.mode=l1 with loss.l1=0 leaves nothing to learn: set loss.l1=100")
        else:
            check_patches(self.discriminator, self.data.size, self.training.batch // self.training.accumulate)
        return self
