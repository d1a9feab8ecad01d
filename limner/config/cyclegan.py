"""What a CycleGAN recipe may say beyond the shared keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, model_validator

from limner.config.base import Settings
from limner.config.cross_checks import (
    Objective,
    check_channels,
    check_objective,
    check_patches,
    check_players,
    check_size,
)
from limner.config.curves import ADVERSARIAL, DISCRIMINATOR, OPINION, Curve, discriminator_labels
from limner.config.data import DomainDataSettings, UseSettings
from limner.config.networks import PatchGANFirst, PatchGANSettings, ResNetFirst, ResNetSettings
from limner.config.recipe import Recipe

PLAYERS = ("generators", "discriminators")
"""Who may have an optimiser of their own in `training.optimisers`; both networks of a kind share one."""


class CycleGANLossSettings(Settings):
    """The objective of arXiv:1703.10593, equation 3, and the study's form of it for pairs."""

    adversary: bool = True
    """Off: cycle and identity terms alone. Without a paired term a copy of the input then satisfies them."""
    adversarial: Objective = "least-squares"
    """least-squares: LSGAN (arXiv:1703.10593, section 4); bce: binary cross-entropy (the study); hinge:
    arXiv:1705.02894; relativistic: real and made pictures compared in pairs, without penalties (arXiv:2501.05441)."""
    real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0
    """What discriminators are asked to say of real pictures; 0.9 is one-sided label smoothing (arXiv:1606.03498)."""
    cycle: NonNegativeFloat = 10.0
    """Weight of the L1 distance between a picture and its round trip (section 4: lambda = 10)."""
    identity: NonNegativeFloat = 5.0
    """Weight of the identity term (section 5.2: 0.5 lambda); 0 leaves it out."""
    identity_form: Literal["paper", "paired"] = "paper"
    """paper: a generator leaves pictures of its own target domain alone, G_AB(B) ~ B; paired: its translation is the
    partner, G_AB(A) ~ B, which needs data.paired=true (the study)."""
    image_pool: NonNegativeInt = 50
    """Generated pictures that each discriminator is shown again (section 4: 50); 0 shows only new ones."""


_CYCLE = Curve(
    "Cycle term",
    "The raw L1 difference between an image and its round trip through both generators, in the network's range of -1 "
    "to 1. Two generators that copy make it 0.",
    better="lower",
    copy_wins=True,
)
_IDENTITY = Curve(
    "Identity term",
    "A generator is handed an image that is of its target domain already, and should leave it alone: the raw L1 "
    "difference that it makes all the same. A copy makes it 0.",
    better="lower",
    copy_wins=True,
)
_PAIRED = Curve(
    "Paired term",
    "The raw L1 difference between a translation and its true partner, in the network's range of -1 to 1.",
    better="lower",
)


def _opponent(domain: str, objective: Objective) -> dict[str, Curve]:
    """The curves of the discriminator of domain "a" or "b"."""
    losses = replace(DISCRIMINATOR, title=f"The loss of the discriminator of {domain.upper()}")
    opinion = replace(OPINION, title=f"The opinion of the discriminator of {domain.upper()}")
    parts = discriminator_labels(objective)
    return {
        **{f"discriminators/{part}_{domain}": replace(losses, label=label) for part, label in parts.items()},
        f"discriminators/feedback_real_{domain}": replace(opinion, label="real"),
        f"generators/feedback_fake_{domain}": replace(opinion, label="generated"),
    }


class CycleGANRecipe(Recipe):
    """Recipe of `limner.methods.cyclegan`."""

    method: str = "cyclegan"
    """This method."""
    data: DomainDataSettings = DomainDataSettings()
    """The pictures of the two domains."""
    generator: ResNetFirst = ResNetSettings()
    """The network that translates; two of them, one each way."""
    discriminator: PatchGANFirst = PatchGANSettings(in_channels=3, norm="instance")
    """The network that tells real pictures of a domain from made ones; two of them. Not built with
    loss.adversary=false."""
    loss: CycleGANLossSettings = CycleGANLossSettings()
    """What is minimised."""
    use: UseSettings = UseSettings(norm="batch", dropout=True)
    """How the trained generator is run: as it was in training."""

    @property
    def curves(self) -> Mapping[str, Curve]:
        loss, ways = self.loss, {"a": "B → A", "b": "A → B"}
        found = {"generators/cycle_a": replace(_CYCLE, label="A → B → A")}
        found["generators/cycle_b"] = replace(_CYCLE, label="B → A → B")
        for domain, way in ways.items():
            if loss.identity and loss.identity_form == "paper":
                same = f"{domain.upper()} → {domain.upper()}"
                found[f"generators/identity_{domain}"] = replace(_IDENTITY, label=same)
            elif loss.identity:
                found[f"generators/paired_{domain}"] = replace(_PAIRED, label=way)
            if loss.adversary:
                found[f"generators/adversarial_{domain}"] = replace(ADVERSARIAL, label=way)
                found |= _opponent(domain, loss.adversarial)
        return found

    @property
    def remedies(self) -> Mapping[str, tuple[str, ...]]:
        if not self.loss.adversary:
            return {"copying": ("set loss.adversary=true: copies satisfy a cycle loss alone",)}
        return {"copying": ("train longer", "lower loss.cycle and loss.identity")}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        generator, loss = self.generator, self.loss
        if loss.identity and generator.in_channels != generator.out_channels:
            raise ValueError(
                f"loss.identity compares what goes into a generator with what comes out, but generator.in_channels is "
                f"{generator.in_channels} and generator.out_channels is {generator.out_channels}: make them equal, or "
                "set loss.identity=0"
            )
        check_size(self.data.size, generator)
        check_channels(self.data.channels, generator, self.discriminator, images=1)
        check_objective(loss.adversarial, loss.real_label)
        check_players("cyclegan", PLAYERS, self.training.optimisers)
        if self.data.direction == "BtoA":
            raise ValueError("data.direction is BtoA, but CycleGAN learns both directions at once: leave it at AtoB")
        if loss.identity and loss.identity_form == "paired" and not self.data.paired:
            raise ValueError(
                "loss.identity_form=paired compares each translation with its partner, but data.paired is false: set "
                "data.paired=true for pairs of one name, or loss.identity_form=paper"
            )
        if loss.adversary:
            check_patches(self.discriminator, self.data.size, self.training.batch // self.training.accumulate)
        elif not loss.cycle and not loss.identity:
            raise ValueError("loss.adversary=false with loss.cycle=0 and loss.identity=0 leaves nothing to learn")
        return self
