"""Load a trained model from anywhere and run it on images of any size."""

from limner.inference.load import load
from limner.inference.model import TrainedGenerator, TrainedModel, TrainedTranslator

__all__ = ["TrainedGenerator", "TrainedModel", "TrainedTranslator", "load"]
