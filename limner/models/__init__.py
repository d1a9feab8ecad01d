"""What is taken away from a training: translators and generators, how they are run, and the file they travel in."""

from limner.models.model import Direction, ImageGenerator, Model, Translator
from limner.models.running import running

__all__ = ["Direction", "ImageGenerator", "Model", "Translator", "running"]
