"""A model: all that averaging, saving, loading, validation, samples, export and use know of a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Protocol

from torch import Tensor, nn

from limner.random import Draw

Direction = Literal["AtoB", "BtoA"]


class Model(nn.Module):
    """Base of all models. Its parameters and buffers are what is saved; images are float in [-1, 1] inside.

    Attributes:
        task: what it does.
        title: the network in words, such as "U-Net"; the class's name unless said otherwise.
    """

    task: ClassVar[Literal["translate", "generate"]]
    title: str

    def __init__(self) -> None:
        super().__init__()
        self.title = type(self).__name__

    @property
    def network_count(self) -> int:
        """How many networks of the same shape it consists of."""
        return 1


class ImageSizes(Protocol):
    """What a network demands of the height and the width of an image."""

    @property
    def multiple(self) -> int:
        """They must be multiples of this."""

    @property
    def least(self) -> int:
        """And at least this."""


class AnySize:
    """No demand at all."""

    multiple = least = 1


class Translator(Model):
    """Makes an image of one kind out of an image of another, at the same size.

    Args:
        generators: the network of each direction that it translates in; the first direction is the default.
        sizes: what they demand of an image's height and width; by default nothing.
        channels: of an input image.
    """

    task = "translate"

    def __init__(
        self, generators: Mapping[Direction, nn.Module], sizes: ImageSizes | None = None, channels: int = 3
    ) -> None:
        super().__init__()
        self.generators = nn.ModuleDict({str(way): generator for way, generator in generators.items()})
        self.directions: tuple[Direction, ...] = tuple(generators)
        self.sizes = sizes or AnySize()
        self.channels = channels
        self.title = getattr(sizes, "title", type(next(iter(generators.values()))).__name__)

    @property
    def network_count(self) -> int:
        return len(self.generators)

    @property
    def generator(self) -> nn.Module:
        """The network of the first direction."""
        return self.generators[self.directions[0]]

    def translate(self, images: Tensor, direction: Direction | None = None) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, C', H, W); `direction` is one of `directions`, by default the first."""
        translated: Tensor = self.generators[direction or self.directions[0]](images)
        return translated


class ImageGenerator(Model):
    """Makes images from noise, and from labels where it has classes. A subclass writes `generate`.

    Args:
        classes: names of the classes that it can be asked for, in the order of their labels.
    """

    task = "generate"

    def __init__(self, classes: Sequence[str] = ()) -> None:
        super().__init__()
        self.classes = tuple(classes)

    def generate(self, n: int, labels: Tensor | None, draw: Draw) -> Tensor:
        """Images, (n, C, H, W) in [-1, 1].

        Args:
            n: how many.
            labels: the class of each, int64 (n,) on the model's device; None where it has no classes.
            draw: where all random numbers come from.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how it generates")

    def reconstruct(self, images: Tensor, labels: Tensor | None) -> Tensor | None:
        """Real images (N, C, H, W) again as the model sees them, of the same form; None where it has no such thing."""
        return None
