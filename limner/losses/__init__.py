"""What is minimised: adversarial objectives, and the contrastive loss between patches."""

from limner.losses.adversarial import Adversarial, BinaryCrossEntropy, LeastSquares, adversarial_loss
from limner.losses.patch_nce import patch_nce

__all__ = ["Adversarial", "BinaryCrossEntropy", "LeastSquares", "adversarial_loss", "patch_nce"]
