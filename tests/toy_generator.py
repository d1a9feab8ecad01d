"""A method as somebody else would write it, for the promises: classes, a balance, frozen networks, a counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from limner.config.data import LabelledDataSettings
from limner.config.recipe import Recipe
from limner.data.batch import LabelledBatch
from limner.losses import adversarial_loss
from limner.methods import Method, Seen, Term, Terms, Turn
from limner.models import ImageGenerator
from limner.random import Draw


class ToyRecipe(Recipe):
    """Recipe of `Toy`."""

    data: LabelledDataSettings = LabelledDataSettings()
    latent: int = 6


class ToyModel(ImageGenerator):
    """A dense layer, dropout and batch norm."""

    def __init__(self, classes: Sequence[str], latent: int, shape: tuple[int, int, int]) -> None:
        super().__init__(classes)
        self.latent, self.shape = latent, shape
        self.embedding = nn.Embedding(len(classes), latent)
        self.net = nn.Sequential(
            nn.Linear(2 * latent, 24),
            nn.BatchNorm1d(24),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(24, shape[0] * shape[1] ** 2),
        )

    def generate(self, n: int, labels: Tensor | None, draw: Draw) -> Tensor:
        assert labels is not None
        seeds = torch.cat([draw.normal(n, self.latent), self.embedding(labels)], dim=1)
        made: Tensor = self.net(seeds).tanh().view(n, *self.shape)
        return made


class Toy(Method):
    """A class-conditional GAN that lets the discriminator rest while it is ahead."""

    recipe: ClassVar[type[Recipe]] = ToyRecipe
    model: ToyModel
    players = {"discriminator": ["discriminator", "labels"], "generator": ["model"]}
    turns = ("discriminator", "generator")
    shared_by = "generator"
    batch = LabelledBatch
    looks: Tensor

    @staticmethod
    def build_model(recipe: ToyRecipe) -> ToyModel:
        data = recipe.data
        return ToyModel(data.classes or (), recipe.latent, (data.channels, data.size, data.size))

    def __init__(self, recipe: ToyRecipe) -> None:
        super().__init__(recipe)
        pixels = recipe.data.channels * recipe.data.size**2
        self.discriminator = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 16), nn.LeakyReLU(0.2))
        self.labels = nn.Embedding(len(self.model.classes), 16)
        # Nobody owns these two: one only counts statistics, the other follows the discriminator.
        self.features = nn.Sequential(nn.Conv2d(recipe.data.channels, 2, 3), nn.BatchNorm2d(2))
        self.follower = nn.Linear(pixels, 16)
        self.adversarial = adversarial_loss("bce")
        self.register_buffer("looks", torch.zeros(()))

    def plan(self, step: int, seen: Seen) -> Sequence[str | Turn]:
        ahead = (seen.mean("discriminator/total", 3) or 1.0) < 0.65
        return ("generator", Turn("generator", fresh=True)) if ahead else ("discriminator", "generator")

    def share(self, batch: LabelledBatch, draw: Draw) -> Tensor:
        self.looks += 1
        with torch.no_grad():
            self.follower.weight.lerp_(self.discriminator[1].weight, 0.1)
        return self.model.generate(len(batch), batch.label, draw)

    def discriminator_loss(self, batch: LabelledBatch, draw: Draw, fake: Tensor) -> Terms:
        parts = self.adversarial.discriminator(self.opinion(batch.image, batch), self.opinion(fake.detach(), batch))
        return {name: Term(part, 0.5) for name, part in parts.items()}

    def generator_loss(self, batch: LabelledBatch, draw: Draw, fake: Tensor) -> Terms:
        difference = self.features(fake).mean() - self.features(batch.image).mean()
        adversarial = self.adversarial.generator(None, self.opinion(fake, batch))
        followed = self.follower(fake.flatten(1)).square().mean()
        return {
            "adversarial": Term(adversarial),
            "features": Term(difference.square(), 0.1),
            "followed": Term(followed, 0.1),
        }

    def opinion(self, images: Tensor, batch: LabelledBatch) -> Tensor:
        opinion: Tensor = (self.discriminator(images) * self.labels(batch.label)).sum(dim=1)
        return opinion
