"""pix2pix: paired image-to-image translation with a conditional adversary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import l1_loss

from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import Recipe
from limner.data.batch import PairedBatch
from limner.losses import adversarial_loss
from limner.methods.method import Method, Term, Terms, Turn
from limner.models import Translator
from limner.networks import build
from limner.random import Draw


class Pix2Pix(Method):
    """Isola et al. 2017, Image-to-image translation with conditional adversarial networks (arXiv:1611.07004)."""

    recipe: ClassVar[type[Recipe]] = Pix2PixRecipe
    model: Translator
    players = {"discriminator": ["discriminator"], "generator": ["model"]}
    turns: Sequence[str | Turn] = ("discriminator", "generator")  # section 3.3: one step each
    shared_by = "generator"

    @staticmethod
    def build_model(recipe: Pix2PixRecipe) -> Translator:
        generator = build(recipe.generator)  # appendix 6.1.1: U-Net
        return Translator({recipe.data.direction: generator}, recipe.generator, recipe.generator.in_channels)

    def __init__(self, recipe: Pix2PixRecipe) -> None:
        super().__init__(recipe)
        loss, outputs = recipe.loss, recipe.discriminator.outputs
        self.l1_weight = 0.0 if loss.mode == "cgan" else loss.l1  # section 3.3: lambda = 100
        self.adversarial = adversarial_loss(loss.adversarial, loss.real_label, outputs)  # equation 1
        if loss.mode == "l1":  # section 4.1: without an adversary
            self.players, self.turns = {"generator": ["model"]}, ("generator",)
        else:
            self.discriminator = build(recipe.discriminator)  # appendix 6.1.2: 70 x 70 PatchGAN

    def share(self, batch: PairedBatch, draw: Draw) -> Tensor:
        """Section 3.1: the noise z is dropout alone, so the generator sees only the input."""
        return self.model.translate(batch.input)

    def discriminator_loss(self, batch: PairedBatch, draw: Draw, fake: Tensor) -> Terms:
        """Section 3.3: the objective is halved while the discriminator learns."""
        on_real = self.discriminator(batch.input, batch.target)
        on_fake = self.discriminator(batch.input, fake.detach())
        parts = self.adversarial.discriminator(on_real, on_fake)
        return {
            **{name: Term(part, 0.5) for name, part in parts.items()},
            "feedback_real": Term(self.adversarial.probability(on_real), 0),
            "feedback_fake": Term(self.adversarial.probability(on_fake), 0),
        }

    def generator_loss(self, batch: PairedBatch, draw: Draw, fake: Tensor) -> Terms:
        """Equation 4: fool the discriminator and stay close to the target (equation 3)."""
        terms = {"l1": Term(l1_loss(fake, batch.target), self.l1_weight)}
        if "discriminator" in self.players:
            on_real = self.discriminator(batch.input, batch.target) if self.adversarial.relativistic else None
            terms["adversarial"] = Term(self.adversarial.generator(on_real, self.discriminator(batch.input, fake)))
        return terms
