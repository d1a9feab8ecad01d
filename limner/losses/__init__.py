"""Adversarial objectives."""

from limner.losses.adversarial import Adversarial, BinaryCrossEntropy, LeastSquares, adversarial_loss

__all__ = ["Adversarial", "BinaryCrossEntropy", "LeastSquares", "adversarial_loss"]
