"""What the two players want: objectives on a discriminator's outputs of any shape, means over all of it, in float32."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from limner.config.cross_checks import Objective

OutputKind = Literal["logits", "probabilities"]
"""What a discriminator puts out: any numbers, or numbers in [0, 1]."""


class Adversarial(Protocol):
    """An adversarial objective; `real` and `fake` are the discriminator's outputs on real and on generated images.

    Attributes:
        relativistic: the generator's loss needs the outputs on real images, too.
    """

    relativistic: ClassVar[bool]

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The parts of the discriminator's loss: "real" and "fake" where each looks at images of one kind alone."""

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """The generator's loss on its own images; `real` may be None unless the objective is relativistic."""

    def probability(self, outputs: Tensor) -> Tensor:
        """Mean probability of being real that the outputs mean, in [0, 1]."""


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Binary cross-entropy; the generator's form is the non-saturating one (arXiv:1406.2661, section 3).

    Attributes:
        real_label: what real images should be called; below 1 it is one-sided smoothing (arXiv:1606.03498).
        outputs: what the discriminator puts out. Probabilities count as at least 1e-7 away from 0 and 1.
    """

    relativistic: ClassVar[bool] = False
    real_label: float = 1.0
    outputs: OutputKind = "logits"

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": self._cross_entropy(real, self.real_label), "fake": self._cross_entropy(fake, 0.0)}

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return self._cross_entropy(fake, 1.0)

    def probability(self, outputs: Tensor) -> Tensor:
        return _probability(outputs, self.outputs)

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
        real_label: target for real images in the discriminator's loss.
    """

    relativistic: ClassVar[bool] = False
    real_label: float = 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": (real.float() - self.real_label).square().mean(), "fake": fake.float().square().mean()}

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return (fake.float() - 1.0).square().mean()

    def probability(self, outputs: Tensor) -> Tensor:
        return outputs.float().clamp(0, 1).mean()


@dataclass(frozen=True)
class Hinge:
    """Hinge loss (arXiv:1705.02894, section 3; arXiv:1802.05957, equations 16 and 17), on the logits.

    The discriminator is content with 1 and more on real and -1 and less on generated images; `probability` is where an
    output lies between these two.

    Attributes:
        outputs: what the discriminator puts out.
    """

    relativistic: ClassVar[bool] = False
    outputs: OutputKind = "logits"

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        real, fake = _logits(real, self.outputs), _logits(fake, self.outputs)
        return {"real": (1 - real).clamp(min=0).mean(), "fake": (1 + fake).clamp(min=0).mean()}

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -_logits(fake, self.outputs).mean()

    def probability(self, outputs: Tensor) -> Tensor:
        return ((_logits(outputs, self.outputs) + 1) / 2).clamp(0, 1).mean()


@dataclass(frozen=True)
class RelativisticPairing:
    """RpGAN with the logistic function, the objective of R3GAN (arXiv:2501.05441, section 3), on the logits.

    Each real image is held against a generated one: the discriminator wants the difference of their logits high, the
    generator low. So the outputs on real and on generated images have one shape. Its two gradient penalties are not
    part of it. Only differences are learnt, so `probability` is not to be compared between runs.

    Attributes:
        outputs: what the discriminator puts out.
    """

    relativistic: ClassVar[bool] = True
    outputs: OutputKind = "logits"

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"relativistic": self._below(fake, real)}

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        if real is None:
            raise ValueError("a relativistic objective needs the discriminator's outputs on real images")
        return self._below(real, fake)

    def probability(self, outputs: Tensor) -> Tensor:
        return _probability(outputs, self.outputs)

    def _below(self, lower: Tensor, higher: Tensor) -> Tensor:
        """softplus(-(higher - lower)): small where the first is well below the second."""
        return F.softplus(_logits(lower, self.outputs) - _logits(higher, self.outputs)).mean()


def adversarial_loss(name: Objective, real_label: float = 1.0, outputs: OutputKind = "logits") -> Adversarial:
    """The objective that a recipe names, for a discriminator with these outputs.

    Args:
        name: of the objective.
        real_label: for "bce" and "least-squares"; the others know no labels.
        outputs: what the discriminator puts out.
    """
    objectives: dict[Objective, Callable[[], Adversarial]] = {
        "bce": lambda: BinaryCrossEntropy(real_label, outputs),
        "least-squares": lambda: LeastSquares(real_label),
        "hinge": lambda: Hinge(outputs),
        "relativistic": lambda: RelativisticPairing(outputs),
    }
    return objectives[name]()


_LEAST = 1e-7
"""Probabilities are at least so far away from 0 and 1."""


def _logits(outputs: Tensor, kind: OutputKind) -> Tensor:
    return outputs.float() if kind == "logits" else outputs.float().logit(eps=_LEAST)


def _probability(outputs: Tensor, kind: OutputKind) -> Tensor:
    return outputs.float().mean() if kind == "probabilities" else outputs.float().sigmoid().mean()
