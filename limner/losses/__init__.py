"""What is minimised: adversarial objectives, and the contrastive loss between patches."""

from limner.losses.adversarial import (
    Adversarial,
    BinaryCrossEntropy,
    Hinge,
    LeastSquares,
    RelativisticPairing,
    adversarial_loss,
)
from limner.losses.patch_nce import patch_nce

__all__ = [
    "Adversarial",
    "BinaryCrossEntropy",
    "Hinge",
    "LeastSquares",
    "RelativisticPairing",
    "adversarial_loss",
    "patch_nce",
]
