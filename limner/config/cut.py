"""What a CUT or FastCUT recipe may say beyond the shared keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from limner.config.base import Settings
from limner.config.cross_checks import Objective, check_channels, check_patches, check_players, check_size
from limner.config.curves import Curve, adversary_curves
from limner.config.data import DomainDataSettings, UseSettings
from limner.config.networks import PatchGANFirst, PatchGANSettings, ResNetSettings
from limner.config.recipe import Recipe

PLAYERS = ("generator", "discriminator")
"""Who may have an optimiser of their own in `training.optimisers`; the projection heads belong to the generator."""


class CUTLossSettings(Settings):
    """The objective of arXiv:2007.15651, equation 5."""

    adversarial: Objective = "least-squares"
    """least-squares: LSGAN (appendix C.1); bce: binary cross-entropy; hinge: arXiv:1705.02894; relativistic: real and
    made pictures compared in pairs, without penalties (arXiv:2501.05441)."""
    nce: NonNegativeFloat = 1.0
    """Weight of the PatchNCE terms: 1 for CUT, 10 for FastCUT (section 4.1)."""
    nce_identity: bool = True
    """Also contrast pictures of B with their own translation, and halve both terms: on for CUT only (section 4.1)."""
    flip_equivariance: bool = False
    """Translate the input mirrored half of the time, and mirror its features back: FastCUT (the authors' code)."""
    patches: PositiveInt = 256
    """Places at which features are compared in each layer (appendix C.1)."""
    temperature: PositiveFloat = 0.07
    """Of the softmax over patches (section 3)."""
    head_width: PositiveInt = 256
    """Width of the two-layer network on each layer's features (appendix C.1)."""


_CONTRAST = Curve(
    "Patch contrast",
    "How badly a patch of the output is told to come from its own place in the input rather than from another "
    "(PatchNCE). It holds the output to its input; a copy makes it low.",
    better="lower",
    copy_wins=True,
)


class CUTRecipe(Recipe):
    """Recipe of `limner.methods.cut`."""

    method: str = "cut"
    """This method."""
    data: DomainDataSettings = DomainDataSettings()
    """The pictures of the two domains; A becomes B, or B becomes A with data.direction=BtoA."""
    generator: ResNetSettings = ResNetSettings(sampling="antialiased")
    """The network that translates; its own layers are compared."""
    discriminator: PatchGANFirst = PatchGANSettings(in_channels=3, norm="instance")
    """The network that tells real pictures from made ones."""
    loss: CUTLossSettings = CUTLossSettings()
    """What is minimised."""
    use: UseSettings = UseSettings(norm="batch", dropout=True)
    """How the trained generator is run: as it was in training."""

    @property
    def curves(self) -> Mapping[str, Curve]:
        contrast = {"generator/nce": replace(_CONTRAST, label="translations")}
        if self.loss.nce_identity:
            contrast["generator/nce_identity"] = replace(_CONTRAST, label="images of the target domain")
        return contrast | adversary_curves("generator", "discriminator", self.loss.adversarial)

    @property
    def remedies(self) -> Mapping[str, tuple[str, ...]]:
        return {"copying": ("train longer", "lower loss.nce")}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_size(self.data.size, self.generator)
        check_channels(self.data.channels, self.generator, self.discriminator, images=1)
        check_players("cut", PLAYERS, self.training.optimisers)
        check_patches(self.discriminator, self.data.size, self.training.batch // self.training.accumulate)
        return self
