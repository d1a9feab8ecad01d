"""Translations in a validation: as in use, and each made once, whether a loss asks for it or a score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor

from limner.config.data import UseSettings
from limner.data.batch import to_bytes
from limner.data.splits import References
from limner.models import Direction, Translator
from limner.models.running import dropout_noise, noise_seed
from limner.random import seed_for_image

Key = tuple[Direction, int]
"""A direction, and what an image shows, as a number."""

_RECENT = 8
"""Translations that are looked through for the origin of a round trip: more than any method makes of one image."""


class Translations:
    """Remembers what the losses have translated of the inputs that scores will ask for, as bytes.

    Args:
        model: translates.
        use: how it is run.
        seed: of dropout.
        references: whose inputs will be asked for, by direction.
    """

    def __init__(
        self, model: Translator, use: UseSettings, seed: int, references: Mapping[Direction, References]
    ) -> None:
        self._model, self._use, self._seed = model, use, seed
        self._wanted = {
            _key(image, direction)
            for direction, known in references.items()
            if known.inputs is not None
            for image in known.inputs
        }
        self._outputs: dict[Key, Tensor] = {}
        self._round_trips: dict[Key, Tensor] = {}
        self._recent: list[tuple[Tensor, Key]] = []

    def known(self, image: Tensor, direction: Direction) -> tuple[Tensor, Tensor | None] | None:
        """What an image (1, C, H, W) in [-1, 1] has become, and what came back of that where there is a way back."""
        key = _key(to_bytes(image), direction)
        if key not in self._outputs or (len(self._model.directions) > 1 and key not in self._round_trips):
            return None
        return self._outputs[key], self._round_trips.get(key)

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Inside, whatever the model is asked to translate has its own dropout noise, and is remembered if wanted."""
        translate = self._model.translate

        def remember(images: Tensor, direction: Direction | None = None) -> Tensor:
            way = direction or self._model.directions[0]
            with dropout_noise(self._model, noise_seed(images[0], self._seed) if self._use.dropout else None):
                translated = translate(images, way)
            if len(images) == 1:
                self._remember(images, translated, way)
            return translated

        self._model.translate = remember  # type: ignore[method-assign]
        try:
            yield
        finally:
            del self._model.translate

    def _remember(self, image: Tensor, translated: Tensor, direction: Direction) -> None:
        origin = next((key for output, key in self._recent if output is image), None)
        if origin is not None and origin[0] != direction:
            self._round_trips.setdefault(origin, to_bytes(translated).cpu())
        elif (key := _key(to_bytes(image), direction)) in self._wanted and key not in self._outputs:
            self._outputs[key] = to_bytes(translated).cpu()
            self._recent = [*self._recent[-_RECENT:], (translated, key)]


def _key(image: Tensor, direction: Direction) -> Key:
    return direction, seed_for_image(image.cpu().contiguous().numpy().tobytes())
