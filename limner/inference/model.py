"""A trained translator: pictures in, pictures out, run exactly as it was trained."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar, overload

import torch
from torch import Tensor, nn

from limner.data.derive import derive
from limner.errors import DataError
from limner.inference.forms import to_pixels, to_tensor, unpack
from limner.inference.image_memory import TooLargeError, check_memory
from limner.inference.network import network_of
from limner.inference.noise import dropout, has_dropout, seed_for
from limner.inference.sizes import crop_back, pad_to, resize
from limner.inference.statistics import Statistics, fixed_statistics, gathered_statistics, layers_of_the_image
from limner.inference.tiles import translate_tiles
from limner.networks.norm import frozen_statistics
from limner.weights.model_file import ModelCard, save_model_file

Fit = Literal["keep", "train"]
Direction = Literal["AtoB", "BtoA"]
P = TypeVar("P")

PLACES = ("there", "back")
"""What the weights of the two generators are called in a model that translates both ways."""


class Model:
    """A generator, or one for each direction, and how they must be run.

    Attributes:
        settings: the generator's settings, how it is used, the training size, where it comes from.
        derive: how its inputs were made from photographs in training; None when they were not, or are unknown.
        networks: the generators by the direction that they translate in, on the device; the first is the default.
    """

    def __init__(
        self,
        settings: ModelCard,
        state: dict[str, Tensor],
        device: torch.device,
    ) -> None:
        """Build the generators and load their weights.

        Args:
            settings: what the model says of itself.
            state: the weights by name; behind "there." and "back." when it translates both ways.
            device: where it runs.

        Raises:
            WeightsError: the weights belong to another network.
        """
        self.settings = settings
        self.derive = settings.derive
        self.networks: dict[Direction, nn.Module] = {
            direction: network_of(settings, weights, device) for direction, weights in _by_direction(settings, state)
        }
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Side of the training pictures in pixels."""
        return self.settings.size

    @property
    def device(self) -> torch.device:
        """Where the generator runs."""
        return next(next(iter(self.networks.values())).parameters()).device

    @property
    def directions(self) -> list[Direction]:
        """The directions that it translates in; the first is the default."""
        return list(self.networks)

    @property
    def has_dropout(self) -> bool:
        """Whether several results of one picture can differ: only dropout makes them."""
        return any(has_dropout(network) for network in self.networks.values())

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
            image: a PIL picture; a uint8 array (H, W, 3); a float tensor (3, H, W) or (N, 3, H, W) in [-1, 1]; or a
                list of these. Pictures are translated one at a time: they never share norm statistics. Transparent
                ones are laid on white.
            samples: how many results; they differ only by dropout.
            seed: the same picture with the same seed gives the same results, whatever else is translated with it.
            stochastic: dropout on or off; None does as in training.
            size: "keep" pads the picture by its border to what the network can halve, and crops back;
                "train" resizes it to the training size, and the result back.
            tile: translate in overlapping tiles of this many pixels. Norm statistics are then those of the whole
                picture, gathered over all tiles beforehand; it takes twice as long.
            derive: first make the input from a photograph, as the recipe did in training.
            direction: "AtoB" or "BtoA", for a model that translates both ways; None is its first one.

        Returns:
            The result in the form of `image`; with samples > 1 a list of that many results.

        Raises:
            DataError: another form, values outside the range, an impossible tile, too little memory, or a direction
                that the model has not learnt.
        """
        if samples < 1:
            raise DataError(f"samples is {samples}.", "ask for at least 1")
        network = self._network(direction)
        tensors, pack = unpack(image)
        noisy = self.settings.use.dropout if stochastic is None else stochastic
        results: list[P] = []
        for sample in range(samples):
            made = []
            for tensor in tensors:
                key = seed_for(tensor, seed, sample) if noisy else None
                made.append(self._translate_one(network, tensor, key, size, tile, derive))
            results.append(pack(made))
        return results[0] if samples == 1 else results

    def state_dict(self) -> dict[str, Tensor]:
        """The weights by name, on the model's device; behind "there." and "back." when it translates both ways."""
        if not self.settings.both_ways:
            return self.networks[self.directions[0]].state_dict()
        return {
            f"{place}.{name}": tensor
            for place, network in zip(PLACES, self.networks.values(), strict=True)
            for name, tensor in network.state_dict().items()
        }

    def save(self, path: str | Path) -> None:
        """Write the model file: weights and everything needed to run them. `limner.load` reads it.

        Raises:
            WeightsError: the file cannot be written.
        """
        save_model_file(Path(path), self.state_dict(), self.settings)

    def _network(self, direction: Direction | None) -> nn.Module:
        learnt = self.directions
        if direction is not None and direction not in learnt:
            raise DataError(
                f"This {self.settings.method} model translates {' and '.join(learnt)} only, not {direction}.",
                f"train the other way: limner train RECIPE data.direction={direction}",
            )
        return self.networks[direction or learnt[0]]

    def _translate_one(
        self, network: nn.Module, tensor: Tensor, seed: int | None, fit: Fit, tile: int | None, made: bool
    ) -> Tensor:
        """(3, H, W) in [-1, 1] -> the same, on the CPU."""
        height, width = tensor.shape[-2:]
        image = tensor[None].cpu()
        if fit == "train":
            image = resize(image, self.size, self.size)
        if made:
            image = self._derived(image[0])[None]
        inner = image.shape[-2:]
        with self._running(network, seed):
            output = self._padded(network, image, tile)
        output = crop_back(output, *inner).cpu()
        return resize(output, height, width)[0]

    def _padded(self, network: nn.Module, image: Tensor, tile: int | None) -> Tensor:
        multiple, least = self.settings.generator.multiple, self.settings.generator.least
        if tile is not None:
            _check_tile(tile, multiple, least)
            if max(image.shape[-2:]) > tile:
                return self._tiled(network, image, tile, multiple)
        padded = pad_to(image, multiple, least)
        check_memory(network, least, padded.shape[-2], padded.shape[-1], self.device)
        return self._run(network, padded)

    def _tiled(self, network: nn.Module, image: Tensor, tile: int, multiple: int) -> Tensor:
        padded = pad_to(image, multiple, least=tile)
        run = partial(self._run, network)
        statistics: Statistics = {}
        if layers_of_the_image(network):
            # Once: while they are gathered each tile is still normalised by its own, but a second round, which starts
            # from these, was no nearer to the whole picture with a U-Net and further away with a ResNet.
            with gathered_statistics(network) as statistics:
                translate_tiles(run, padded, tile)
        with fixed_statistics(network, statistics):
            return translate_tiles(run, padded, tile)

    def _run(self, network: nn.Module, image: Tensor) -> Tensor:
        output: Tensor = network(image.to(self.device))
        return output

    @contextmanager
    def _running(self, network: nn.Module, seed: int | None) -> Iterator[None]:
        with (
            self._lock,
            torch.inference_mode(),
            torch.autocast(self.device.type, enabled=False),
            frozen_statistics(network),
            dropout(network, seed),
        ):
            try:
                yield
            except torch.OutOfMemoryError as error:
                raise TooLargeError(
                    f"Memory ran out on {self.device}.",
                    "translate in tiles (--tile 1024), or at the training size (--fit resize)",
                ) from error

    def _derived(self, photograph: Tensor) -> Tensor:
        if self.derive is None:
            raise DataError(
                "This model does not say how its inputs were made from photographs.",
                "give it inputs like those it was trained on, without --derive; or translate with the run folder",
            )
        return to_tensor(derive(to_pixels(photograph), self.derive, self.size))


def _by_direction(card: ModelCard, state: dict[str, Tensor]) -> Iterator[tuple[Direction, dict[str, Tensor]]]:
    if not card.both_ways:
        yield card.direction, state
        return
    other: Direction = "BtoA" if card.direction == "AtoB" else "AtoB"
    for place, direction in zip(PLACES, (card.direction, other), strict=True):
        prefix = f"{place}."
        yield direction, {name.removeprefix(prefix): part for name, part in state.items() if name.startswith(prefix)}


def _check_tile(tile: int, multiple: int, least: int) -> None:
    if tile < least or tile % multiple:
        nearest = max(least, round(tile / multiple) * multiple)
        raise DataError(
            f"A tile of {tile} pixels does not fit: this network needs multiples of {multiple}, at least {least}.",
            f"--tile {nearest}",
        )
