"""What a pix2pix recipe may say beyond the shared keys."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from limner.config.base import Settings
from limner.config.networks import DiscriminatorSettings, GeneratorSettings, PatchGANSettings, UNetSettings
from limner.config.recipe import Recipe
from limner.config.training import OptimiserSettings

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
    generator: GeneratorSettings = UNetSettings()
    """The network that translates."""
    discriminator: DiscriminatorSettings = PatchGANSettings()
    """The network that tells real pairs from made ones; not built with loss.mode=l1."""
    loss: Pix2PixLossSettings = Pix2PixLossSettings()
    """What is minimised."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_levels(self.data.size, self.generator.levels)
        _check_channels(self.generator, self.discriminator)
        _check_players(self.training.optimisers)
        if self.loss.mode == "l1":
            if self.loss.l1 == 0:
                raise ValueError("loss.mode=l1 with loss.l1=0 leaves nothing to learn: set loss.l1=100")
        else:
            _check_patches(self.discriminator, self.data.size, self.training.batch // self.training.accumulate)
        return self


def _check_levels(size: int, levels: int) -> None:
    """A multiple of 2**levels also keeps batch norm fed: the innermost block has none, all others see 2 x 2 or more."""
    if size % 2**levels == 0:
        return
    fitting = (size & -size).bit_length() - 1
    ways = [f"generator.levels={fitting}"] if fitting >= 2 else []
    ways.append(f"data.size={max(round(size / 2**levels), 1) * 2**levels}")
    raise ValueError(
        f"data.size is {size}, but a U-Net of {levels} levels needs a multiple of {2**levels}: set {' or '.join(ways)}"
    )


def _check_channels(generator: GeneratorSettings, discriminator: DiscriminatorSettings) -> None:
    if generator.in_channels != 3 or generator.out_channels != 3:
        raise ValueError(
            f"generator.in_channels is {generator.in_channels} and generator.out_channels is {generator.out_channels}, "
            "but pictures have 3 channels"
        )
    together = generator.in_channels + generator.out_channels
    if discriminator.in_channels != together:
        raise ValueError(
            f"discriminator.in_channels is {discriminator.in_channels}, but input and output together have {together}"
        )


def _check_players(optimisers: dict[str, OptimiserSettings]) -> None:
    for name in optimisers:
        if name not in PLAYERS:
            raise ValueError(f"training.optimisers.{name}: pix2pix has no such player; it has {' and '.join(PLAYERS)}")


def _check_patches(discriminator: DiscriminatorSettings, size: int, batch: int) -> None:
    """Every patch must lie in the picture, and a norm needs more than one value per channel to learn from."""
    sides = discriminator.sides(size)
    judge = f"discriminator.field={discriminator.field} with discriminator.kernel={discriminator.kernel}"
    said = f"data.size is {size}, but {judge}"
    remedy = "set a smaller discriminator.field or a larger data.size"
    if min(sides) < 1:
        raise ValueError(f"{said} needs more pixels than that to judge a single patch: {remedy}")
    values = min(sides[1:-1]) ** 2 * (batch if discriminator.norm == "batch" else 1)
    if discriminator.norm != "none" and values == 1:
        raise ValueError(
            f"{said} leaves {discriminator.norm} norm one value per channel at training.batch={batch}: {remedy}"
        )
