"""Load a trained model from anywhere and run it on pictures of any size."""

from limner.inference.load import load
from limner.inference.model import Model

__all__ = ["Model", "load"]
