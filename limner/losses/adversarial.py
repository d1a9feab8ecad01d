"""What the two players want: objectives on a discriminator's output, of any shape, mean over all of it."""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class Adversarial(Protocol):
    """An adversarial objective; every function maps outputs of the discriminator to a scalar, in float32."""

    def real(self, outputs: Tensor) -> Tensor:
        """The discriminator's loss on real pictures."""

    def fake(self, outputs: Tensor) -> Tensor:
        """The discriminator's loss on generated pictures."""

    def fool(self, outputs: Tensor) -> Tensor:
        """The generator's loss on its own pictures."""

    def probability(self, outputs: Tensor) -> Tensor:
        """Mean probability of being real that the outputs mean, in [0, 1]."""


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Binary cross-entropy on logits; the generator's form is the non-saturating one (arXiv:1406.2661, section 3).

    Attributes:
        real_label: what real pictures should be called; below 1 it is one-sided smoothing (arXiv:1606.03498).
    """

    real_label: float = 1.0

    def real(self, outputs: Tensor) -> Tensor:
        return _cross_entropy(outputs, self.real_label)

    def fake(self, outputs: Tensor) -> Tensor:
        return _cross_entropy(outputs, 0.0)

    def fool(self, outputs: Tensor) -> Tensor:
        return _cross_entropy(outputs, 1.0)

    def probability(self, outputs: Tensor) -> Tensor:
        return outputs.float().sigmoid().mean()


@dataclass(frozen=True)
class LeastSquares:
    """Least-squares GAN with targets 0 and 1 (arXiv:1611.04076, equation 9), no sigmoid.

    Attributes:
        real_label: target for real pictures in the discriminator's loss.
    """

    real_label: float = 1.0

    def real(self, outputs: Tensor) -> Tensor:
        return (outputs.float() - self.real_label).square().mean()

    def fake(self, outputs: Tensor) -> Tensor:
        return outputs.float().square().mean()

    def fool(self, outputs: Tensor) -> Tensor:
        return (outputs.float() - 1.0).square().mean()

    def probability(self, outputs: Tensor) -> Tensor:
        return outputs.float().clamp(0, 1).mean()


def adversarial_loss(name: Literal["bce", "least-squares"], real_label: float = 1.0) -> Adversarial:
    """The objective that a recipe names."""
    return BinaryCrossEntropy(real_label) if name == "bce" else LeastSquares(real_label)


def _cross_entropy(outputs: Tensor, label: float) -> Tensor:
    outputs = outputs.float()
    return F.binary_cross_entropy_with_logits(outputs, torch.full_like(outputs, label))
