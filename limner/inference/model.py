"""A trained model: images in or labels in, images out, run exactly as it was trained."""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

import torch
from PIL import Image
from torch import Tensor

from limner.config.data import DeriveSettings, UseSettings
from limner.config.keys import nearest
from limner.data.derive import derive
from limner.errors import DataError
from limner.inference.any_size import (
    Statistics,
    crop_back,
    fixed_statistics,
    gathered_statistics,
    layers_of_the_image,
    pad_to,
    resize,
    translate_tiles,
)
from limner.inference.forms import to_image, to_pixels, unpack, with_channels
from limner.inference.image_memory import TooLargeError, check_memory
from limner.models import Direction, ImageGenerator, Model, Translator, running
from limner.models.model_file import ModelCard, save_model_file
from limner.models.running import generate_as_used, has_dropout, noise_seed

Fit = Literal["keep", "train"]
P = TypeVar("P")
M = TypeVar("M", bound=Model)


class TrainedModel(Generic[M]):
    """A model with its weights, ready to run.

    Attributes:
        card: what it is, how it must be run, where it comes from.
        model: the networks, on the device.
    """

    def __init__(self, card: ModelCard, model: M) -> None:
        self.card = card
        self.model = model
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.card.method}, {self.size} px, on {self.device}>"

    def translate(self, *args: Any, **kwargs: Any) -> Any:
        """See `TrainedTranslator.translate`; other models raise DataError."""
        raise DataError(f"This {self.card.method} model generates images and translates none.", "use generate(n)")

    def generate(self, *args: Any, **kwargs: Any) -> Any:
        """See `TrainedGenerator.generate`; other models raise DataError."""
        raise DataError(f"This {self.card.method} model translates images and makes none from noise.", "use translate")

    @property
    def size(self) -> int:
        """Side of the training images in pixels."""
        return self.card.recipe.data.size

    @property
    def use(self) -> UseSettings:
        """How it is run: norm statistics and dropout."""
        return self.card.recipe.use

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.model.parameters()).device

    @property
    def has_dropout(self) -> bool:
        """Whether several results of one image can differ: only dropout makes them."""
        return has_dropout(self.model)

    def state_dict(self) -> dict[str, Tensor]:
        """The weights by name, on the model's device."""
        return self.model.state_dict()

    def save(self, path: str | Path) -> None:
        """Write the model file: weights and everything needed to run them. `limner.load` reads it.

        Raises:
            RunError: the file cannot be written.
        """
        save_model_file(Path(path), self.state_dict(), self.card, self.model.task)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, nobody else runs the model, and running out of memory says what to do."""
        with self._lock, torch.inference_mode():
            try:
                yield
            except torch.OutOfMemoryError as error:
                raise TooLargeError(
                    f"Memory ran out on {self.device}.",
                    "translate in tiles (--tile 1024), or at the training size (--fit resize)",
                ) from error


class TrainedGenerator(TrainedModel[ImageGenerator]):
    """Makes images from noise, and from labels where it has classes."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it can be asked for; empty where it has none."""
        return self.model.classes

    def generate(
        self, n: int, classes: str | Sequence[str] | None = None, seed: int | None = None
    ) -> list[Image.Image]:
        """Generate images.

        Args:
            n: how many.
            classes: one class for all, or several that are taken in turns; None: all classes in turns.
            seed: the same seed gives the same images; None draws a new one.

        Raises:
            DataError: there is no such class, or n is less than 1.
        """
        if n < 1:
            raise DataError(f"{n} images were asked for.", "ask for at least 1")
        labels = self._labels(n, [classes] if isinstance(classes, str) else classes)
        seed = secrets.randbits(63) if seed is None else seed
        with self._alone():
            drawn = generate_as_used(self.model, n, labels, self.use, seed)
            return [to_image(image) for images in drawn for image in images.cpu()]

    def _labels(self, n: int, classes: Sequence[str] | None) -> Tensor | None:
        if not self.classes:
            if classes is not None:
                raise DataError("This model has no classes.", "leave the classes out")
            return None
        wanted = self.classes if classes is None else classes
        for name in wanted:
            if name not in self.classes:
                similar = nearest(str(name), self.classes)
                tip = f"a similar class exists: '{similar}'" if similar else f"it has {', '.join(self.classes)}"
                raise DataError(f"This model has no class '{name}'.", tip)
        numbers = [self.classes.index(name) for name in wanted]
        return torch.tensor([numbers[index % len(numbers)] for index in range(n)])


class TrainedTranslator(TrainedModel[Translator]):
    """Makes an image of one kind out of an image of another."""

    @property
    def directions(self) -> list[Direction]:
        """The directions that it translates in; the first is the default."""
        return list(self.model.directions)

    @property
    def derive(self) -> DeriveSettings | None:
        """How its inputs were made from photographs in training; None when they were not, or that is unknown."""
        return getattr(self.card.recipe.data, "derive", None)

    @overload
    def translate(
        self,
        image: P,
        samples: Literal[1] = 1,
        *,
        seed: int | None = None,
        stochastic: bool | None = None,
        size: Fit = "keep",
        tile: int | None = None,
        derive: bool = False,
        direction: Direction | None = None,
    ) -> P: ...

    @overload
    def translate(
        self,
        image: P,
        samples: int,
        *,
        seed: int | None = None,
        stochastic: bool | None = None,
        size: Fit = "keep",
        tile: int | None = None,
        derive: bool = False,
        direction: Direction | None = None,
    ) -> P | list[P]: ...

    def translate(
        self,
        image: P,
        samples: int = 1,
        *,
        seed: int | None = None,
        stochastic: bool | None = None,
        size: Fit = "keep",
        tile: int | None = None,
        derive: bool = False,
        direction: Direction | None = None,
    ) -> P | list[P]:
        """Translate a picture, or several, of any size; what goes in as one form comes out as the same.

        Args:
            image: a PIL image; a uint8 array (H, W, 3) or (H, W); a float tensor (C, H, W) or (N, C, H, W) in
                [-1, 1] with the model's channels; or a list of these. Images are translated one at a time: they never
                share norm statistics. Transparent ones are laid on white; a model of grey images takes colour ones
                as grey, and makes grey ones: PIL images of mode L, arrays (H, W, 1).
            samples: how many results; they differ only by dropout.
            seed: the same picture with the same seed gives the same results, whatever else is translated with it.
            stochastic: dropout on or off; None does as in training.
            size: "keep" pads the picture by its border to what the network can halve, and crops back;
                "train" resizes it to the training size, and the result back.
            tile: translate in overlapping tiles of this many pixels. Norm statistics are then those of the whole
                picture, gathered over all tiles beforehand; it takes twice as long.
            derive: first make the input from a photograph in colour, as the recipe did in training.
            direction: "AtoB" or "BtoA", for a model that translates both ways; None is its first one.

        Returns:
            The result in the form of `image`; with samples > 1 a list of that many results.

        Raises:
            DataError: another form, values outside the range, an impossible tile, too little memory, or a direction
                that the model has not learnt.
        """
        if samples < 1:
            raise DataError(f"samples is {samples}.", "ask for at least 1")
        direction = self._checked(direction)
        tensors, pack = unpack(image, 3 if derive else self.model.channels)
        noisy = self.use.dropout if stochastic is None else stochastic
        seed = secrets.randbits(63) if seed is None else seed
        results: list[P] = []
        for sample in range(samples):
            made = []
            for tensor in tensors:
                key = noise_seed(tensor, seed, sample) if noisy else None
                made.append(self._translate_one(direction, tensor, key, size, tile, derive))
            results.append(pack(made))
        return results[0] if samples == 1 else results

    def _checked(self, direction: Direction | None) -> Direction:
        learnt = self.directions
        if direction is not None and direction not in learnt:
            raise DataError(
                f"This {self.card.method} model translates {' and '.join(learnt)} only, not {direction}.",
                f"train the other way: limner train RECIPE data.direction={direction}",
            )
        return direction or learnt[0]

    def _translate_one(
        self, direction: Direction, tensor: Tensor, seed: int | None, fit: Fit, tile: int | None, made: bool
    ) -> Tensor:
        """(C, H, W) in [-1, 1] -> the same, on the CPU."""
        height, width = tensor.shape[-2:]
        image = tensor[None].cpu()
        if fit == "train":
            image = resize(image, self.size, self.size)
        if made:
            image = self._derived(image[0])[None]
        inner = image.shape[-2:]
        use = UseSettings(norm=self.use.norm, dropout=seed is not None)

        def translate(padded: Tensor) -> Tensor:
            return self.model.translate(padded.to(self.device), direction)

        with self._alone(), running(self.model, use, seed):
            output = self._padded(translate, image, tile)
        output = crop_back(output, *inner).cpu()
        return resize(output, height, width)[0]

    def _padded(self, translate: Callable[[Tensor], Tensor], image: Tensor, tile: int | None) -> Tensor:
        multiple, least = self.model.sizes.multiple, self.model.sizes.least
        if tile is not None:
            _check_tile(tile, multiple, least)
            if max(image.shape[-2:]) > tile:
                return self._tiled(translate, image, tile, multiple)
        padded = pad_to(image, multiple, least)
        # Tried at the size of training, which the network can surely take, whatever it says of others.
        known = (image.shape[1], max(least, math.ceil(self.size / multiple) * multiple))
        check_memory(self.model, translate, known, padded.shape[-2], padded.shape[-1], self.device)
        return translate(padded)

    def _tiled(self, translate: Callable[[Tensor], Tensor], image: Tensor, tile: int, multiple: int) -> Tensor:
        padded = pad_to(image, multiple, least=tile)
        statistics: Statistics = {}
        if layers_of_the_image(self.model):
            # Once: while they are gathered each tile is still normalised by its own, but a second round, which starts
            # from these, was no nearer to the whole image with a U-Net and further away with a ResNet.
            with gathered_statistics(self.model) as statistics:
                translate_tiles(translate, padded, tile)
        with fixed_statistics(self.model, statistics):
            return translate_tiles(translate, padded, tile)

    def _derived(self, photograph: Tensor) -> Tensor:
        how = self.derive
        if how is None:
            raise DataError(
                "This model does not say how its inputs were made from photographs.",
                "give it inputs like those it was trained on, without --derive; or translate with the run folder",
            )
        return with_channels(derive(to_pixels(photograph), how, self.size), self.model.channels)


def _check_tile(tile: int, multiple: int, least: int) -> None:
    if tile < least or tile % multiple:
        nearest = max(least, round(tile / multiple) * multiple)
        raise DataError(
            f"A tile of {tile} pixels does not fit: this network needs multiples of {multiple}, at least {least}.",
            f"--tile {nearest}",
        )
