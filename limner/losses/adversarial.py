"""What the two players want: objectives on a discriminator's output, of any shape, mean over all of it."""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Outputs = Literal["logits", "probabilities"]
"""What a discriminator puts out: any numbers, or numbers in [0, 1]."""


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
    """Binary cross-entropy; the generator's form is the non-saturating one (arXiv:1406.2661, section 3).

    Attributes:
        real_label: what real pictures should be called; below 1 it is one-sided smoothing (arXiv:1606.03498).
        outputs: what the discriminator puts out. Probabilities count as at least 1e-7 away from 0 and 1.
    """

    real_label: float = 1.0
    outputs: Outputs = "logits"

    def real(self, outputs: Tensor) -> Tensor:
        return self._cross_entropy(outputs, self.real_label)

    def fake(self, outputs: Tensor) -> Tensor:
        return self._cross_entropy(outputs, 0.0)

    def fool(self, outputs: Tensor) -> Tensor:
        return self._cross_entropy(outputs, 1.0)

    def probability(self, outputs: Tensor) -> Tensor:
        return outputs.float().mean() if self.outputs == "probabilities" else outputs.float().sigmoid().mean()

    def _cross_entropy(self, outputs: Tensor, label: float) -> Tensor:
        outputs = outputs.float()
        if self.outputs == "logits":
            return F.binary_cross_entropy_with_logits(outputs, torch.full_like(outputs, label))
        # binary_cross_entropy says the same, but PyTorch refuses it under autocast.
        real, fake = outputs.clamp(min=_LEAST).log(), (1 - outputs).clamp(min=_LEAST).log()
        return -(label * real + (1 - label) * fake).mean()


@dataclass(frozen=True)
class LeastSquares:
    """Least-squares GAN with targets 0 and 1 (arXiv:1611.04076, equation 9), on logits and probabilities alike.

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


def adversarial_loss(
    name: Literal["bce", "least-squares"], real_label: float = 1.0, outputs: Outputs = "logits"
) -> Adversarial:
    """The objective that a recipe names, for a discriminator with these outputs."""
    return BinaryCrossEntropy(real_label, outputs) if name == "bce" else LeastSquares(real_label)


_LEAST = 1e-7
