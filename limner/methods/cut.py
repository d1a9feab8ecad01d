"""CUT and FastCUT: translation in one direction, held to its input patch by patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor

from limner.config.cut import CUTRecipe
from limner.config.recipe import Recipe
from limner.data.batch import DomainBatch
from limner.losses import adversarial_loss, patch_nce
from limner.methods.method import Method, Term, Terms
from limner.models import Translator
from limner.networks import PatchHeads, ResNetGenerator, build, initialise
from limner.random import Draw


@dataclass(frozen=True)
class Made:
    """What the generator made.

    Attributes:
        fake: of pictures of A, mirrored where `mirrored` is true; (N, 3, H, W) in [-1, 1].
        same: of pictures of B, which it should leave alone; None without the identity term.
        mirrored: whether it saw the pictures of A mirrored, (1, 1, 1, 1) bool.
    """

    fake: Tensor
    same: Tensor | None
    mirrored: Tensor


class CUT(Method):
    """Park et al. 2020, Contrastive learning for unpaired image-to-image translation (arXiv:2007.15651)."""

    recipe: ClassVar[type[Recipe]] = CUTRecipe
    model: Translator
    players = {"discriminator": ["discriminator"], "generator": ["model", "heads"]}
    turns = ("discriminator", "generator")
    shared_by = "generator"
    batch = DomainBatch

    @staticmethod
    def build_model(recipe: CUTRecipe) -> Translator:
        generator = build(recipe.generator, "xavier")  # appendix C.1: ResNet
        return Translator({recipe.data.direction: generator}, recipe.generator, recipe.generator.in_channels)

    def __init__(self, recipe: CUTRecipe) -> None:
        super().__init__(recipe)
        loss, outputs = recipe.loss, recipe.discriminator.outputs
        heads = PatchHeads(self.generator.feature_channels, loss.head_width)  # section 3: two-layer networks H_l
        self.heads = initialise(heads, "xavier")
        self.discriminator = build(recipe.discriminator, "xavier")  # appendix C.1: PatchGAN
        self.adversarial = adversarial_loss(loss.adversarial, outputs=outputs)  # appendix C.1: least squares
        self.nce_weight, self.nce_identity = loss.nce, loss.nce_identity  # equation 5: lambda_X and lambda_Y
        self.patches, self.temperature = loss.patches, loss.temperature  # appendix C.1: 256 patches, 0.07
        self.flips = loss.flip_equivariance  # FastCUT, appendix C.1

    @property
    def generator(self) -> ResNetGenerator:
        """The network whose own layers are compared."""
        return cast(ResNetGenerator, self.model.generator)

    def share(self, batch: DomainBatch, draw: Draw) -> Made:
        mirrored = (draw.uniform(1, 1, 1, 1) < 0.5) & self.flips
        fake = self.model.translate(mirror(batch.a, mirrored))
        return Made(fake, self.model.translate(batch.b) if self.nce_identity else None, mirrored)

    def discriminator_loss(self, batch: DomainBatch, draw: Draw, made: Made) -> Terms:
        """Equation 1, halved while the discriminator learns."""
        on_real, on_fake = self.discriminator(batch.b), self.discriminator(made.fake.detach())
        parts = self.adversarial.discriminator(on_real, on_fake)
        return {
            **{name: Term(part, 0.5) for name, part in parts.items()},
            "feedback_real": Term(self.adversarial.probability(on_real), 0),
            "feedback_fake": Term(self.adversarial.probability(on_fake), 0),
        }

    def generator_loss(self, batch: DomainBatch, draw: Draw, made: Made) -> Terms:
        """Equation 5: fool the discriminator; each patch of the output belongs to the same patch of the input."""
        share = 0.5 if self.nce_identity else 1.0
        on_real = self.discriminator(batch.b) if self.adversarial.relativistic else None
        terms = {
            "adversarial": Term(self.adversarial.generator(on_real, self.discriminator(made.fake))),
            "nce": Term(self.contrast(batch.a, made.fake, made.mirrored, draw), share * self.nce_weight),
        }
        if made.same is not None:
            nothing = torch.zeros_like(made.mirrored)
            terms["nce_identity"] = Term(self.contrast(batch.b, made.same, nothing, draw), share * self.nce_weight)
        return terms

    def contrast(self, source: Tensor, made: Tensor, mirrored: Tensor, draw: Draw) -> Tensor:
        """PatchNCE (equation 4), the mean over the layers: one set of random places a layer, the same in both."""
        queries = [mirror(layer, mirrored) for layer in self.generator.features(made)]
        places = [draw.uniform(layer[0, 0].numel()).argsort()[: self.patches] for layer in queries]
        with torch.no_grad():  # the keys are constants in equation 3
            keys = self.heads(self.generator.features(source), places)
        pairs = zip(self.heads(queries, places), keys, strict=True)
        return torch.stack([patch_nce(query, key, self.temperature) for query, key in pairs]).mean()


def mirror(images: Tensor, mirrored: Tensor) -> Tensor:
    """(N, C, H, W), left and right exchanged where `mirrored` is true."""
    return torch.where(mirrored, images.flip(-1), images)
