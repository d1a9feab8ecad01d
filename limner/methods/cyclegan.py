"""CycleGAN: two domains, a generator each way, held together by the round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import l1_loss

from limner.config.cyclegan import CycleGANRecipe
from limner.config.recipe import Recipe
from limner.data.batch import DomainBatch
from limner.losses import adversarial_loss
from limner.methods.image_pool import ImagePool
from limner.methods.method import Method, Term, Terms, Turn
from limner.models import Translator
from limner.networks import build
from limner.random import Draw


@dataclass(frozen=True)
class Fakes:
    """Generated pictures of each domain, (N, 3, H, W) in [-1, 1]."""

    a: Tensor
    b: Tensor


class CycleGAN(Method):
    """Zhu et al. 2017, Unpaired image-to-image translation using cycle-consistent adversarial networks
    (arXiv:1703.10593)."""

    recipe: ClassVar[type[Recipe]] = CycleGANRecipe
    model: Translator
    players = {"discriminators": ["discriminator_a", "discriminator_b"], "generators": ["model"]}
    turns: Sequence[str | Turn] = ("discriminators", "generators")
    shared_by = "generators"
    batch = DomainBatch

    @staticmethod
    def build_model(recipe: CycleGANRecipe) -> Translator:
        there, back = build(recipe.generator), build(recipe.generator)  # G and F, section 3
        return Translator({"AtoB": there, "BtoA": back}, recipe.generator, recipe.generator.in_channels)

    def __init__(self, recipe: CycleGANRecipe) -> None:
        super().__init__(recipe)
        loss = recipe.loss
        self.adversarial_weight = float(loss.adversary)
        self.cycle_weight = loss.cycle  # section 4: lambda = 10
        self.identity_weight, self.identity_form = loss.identity, loss.identity_form  # section 5.2: 0.5 lambda
        if not loss.adversary:
            self.players, self.turns = {"generators": ["model"]}, ("generators",)
            return
        self.discriminator_a, self.discriminator_b = build(recipe.discriminator), build(recipe.discriminator)
        outputs = recipe.discriminator.outputs
        self.adversarial = adversarial_loss(loss.adversarial, loss.real_label, outputs)  # section 4: least squares
        pool = (loss.image_pool, recipe.data.size, recipe.data.channels)  # section 4: the 50 last generated pictures
        self.image_pool_a, self.image_pool_b = ImagePool(*pool), ImagePool(*pool)

    def share(self, batch: DomainBatch, draw: Draw) -> Fakes:
        translate = self.model.translate
        return Fakes(a=translate(batch.b, "BtoA"), b=translate(batch.a, "AtoB"))

    def discriminators_loss(self, batch: DomainBatch, draw: Draw, fakes: Fakes) -> Terms:
        """Equation 1 for both domains, halved (section 7.1), on generated pictures old and new."""
        real_a, real_b = self.discriminator_a(batch.a), self.discriminator_b(batch.b)
        fake_a = self.discriminator_a(self.image_pool_a(fakes.a, draw))
        fake_b = self.discriminator_b(self.image_pool_b(fakes.b, draw))
        terms = {
            "feedback_real_a": Term(self.adversarial.probability(real_a), 0),
            "feedback_real_b": Term(self.adversarial.probability(real_b), 0),
        }
        for domain, real, fake in (("a", real_a, fake_a), ("b", real_b, fake_b)):
            parts = self.adversarial.discriminator(real, fake)
            terms |= {f"{part}_{domain}": Term(value, 0.5) for part, value in parts.items()}
        return terms

    def generators_loss(self, batch: DomainBatch, draw: Draw, fakes: Fakes) -> Terms:
        """Equation 3: fool both discriminators, come back from the round trip, leave alone what is there already."""
        translate = self.model.translate
        terms = {
            "cycle_a": Term(l1_loss(translate(fakes.b, "BtoA"), batch.a), self.cycle_weight),  # equation 2
            "cycle_b": Term(l1_loss(translate(fakes.a, "AtoB"), batch.b), self.cycle_weight),
        }
        if self.identity_weight and self.identity_form == "paper":  # section 5.2
            terms["identity_a"] = Term(l1_loss(translate(batch.a, "BtoA"), batch.a), self.identity_weight)
            terms["identity_b"] = Term(l1_loss(translate(batch.b, "AtoB"), batch.b), self.identity_weight)
        elif self.identity_weight:  # for pairs: the translation itself is known
            terms["paired_a"] = Term(l1_loss(fakes.a, batch.a), self.identity_weight)
            terms["paired_b"] = Term(l1_loss(fakes.b, batch.b), self.identity_weight)
        if self.adversarial_weight:
            on_a, on_b = self.discriminator_a(fakes.a), self.discriminator_b(fakes.b)
            paired = self.adversarial.relativistic
            real_a, real_b = (self.discriminator_a(batch.a), self.discriminator_b(batch.b)) if paired else (None, None)
            terms |= {
                "adversarial_a": Term(self.adversarial.generator(real_a, on_a), self.adversarial_weight),
                "adversarial_b": Term(self.adversarial.generator(real_b, on_b), self.adversarial_weight),
                "feedback_fake_a": Term(self.adversarial.probability(on_a), 0),
                "feedback_fake_b": Term(self.adversarial.probability(on_b), 0),
            }
        return terms
