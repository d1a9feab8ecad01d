"""What reading a public file of weights gives, and the checks and words that all layouts have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from limner.config.data import UseSettings
from limner.config.networks import GeneratorSettings, Norm
from limner.errors import WeightsError
from limner.models.model_file import ModelCard, model_recipe


@dataclass(frozen=True)
class ImportedModel:
    """A generator in limner's own form.

    Attributes:
        generator: its settings.
        state: its weights, float32.
        card: what the model file will say of it.
        notes: what was recognised and what was assumed, one sentence each.
    """

    generator: GeneratorSettings
    state: dict[str, Tensor]
    card: ModelCard
    notes: tuple[str, ...]

    @property
    def model_state(self) -> dict[str, Tensor]:
        """The weights as those of a translator in one direction."""
        return {f"generators.AtoB.{name}": weight for name, weight in self.state.items()}


def imported_model(
    path: Path,
    method: str,
    generator: GeneratorSettings,
    state: dict[str, Tensor],
    use: UseSettings,
    size: int,
    notes: Sequence[str],
) -> ImportedModel:
    """A generator of a public method, trained on pictures of side `size` that limner does not know."""
    values = {"generator": generator.model_dump(), "use": use.model_dump(), "data": {"size": size}}
    card = ModelCard(
        model_recipe({"method": method, **values}), f"pictures unknown to limner (imported from {path.name})"
    )
    return ImportedModel(generator, state, card, tuple(notes))


@dataclass(frozen=True)
class Layout:
    """Which public generator a file seems to hold.

    Attributes:
        path: the file.
        name: the generator, for messages, such as "U-Net".
        tip: what a person can do when something does not fit.
    """

    path: Path
    name: str
    tip: str

    def fitting(self, source: str, found: Tensor | None, wanted: Tensor) -> Tensor:
        """The weight `source` of the file, which must be there, shaped as in limner's network, and finite."""
        if found is None:
            raise WeightsError(f"{self.path} lacks '{source}' ({shape(wanted)}).", self.tip)
        if found.shape != wanted.shape:
            raise WeightsError(
                f"{self.path}: '{source}' is {shape(found)}, but the {self.name} that its first layer announces has "
                f"{shape(wanted)} there.",
                self.tip,
            )
        if not found.isfinite().all():
            raise WeightsError(
                f"{self.path}: '{source}' holds infinite values or NaN.",
                "The training diverged: take an earlier checkpoint.",
            )
        return found.to(wanted.dtype).contiguous()

    def convolution(self, source: str, found: Tensor | None) -> Tensor:
        """The weight `source` of the file, which must be there and be that of a convolution."""
        if found is None:
            raise WeightsError(f"{self.path} lacks '{source}'.", self.tip)
        if found.ndim != 4:
            raise WeightsError(f"{self.path}: '{source}' is {shape(found)}, not a convolution.", self.tip)
        return found

    def norm(self, weights: Mapping[str, Tensor], norms: Sequence[str], bias: str) -> Norm:
        """Which norm the generator has.

        Args:
            weights: the file.
            norms: where the file keeps norms, if it has any.
            bias: the bias of a convolution before a norm. The public code has one before instance norm only, which
                itself leaves nothing in the file, except that old versions remembered statistics.
        """
        scaled = [f"{norm}.weight" for norm in norms if f"{norm}.weight" in weights]
        remembers = any(f"{norm}.running_mean" in weights for norm in norms)
        if scaled and remembers:
            return "batch"
        if scaled:
            raise WeightsError(
                f"{self.path} has norms with a scale but no running statistics ('{scaled[0]}', "
                f"{shape(weights[scaled[0]])}): neither batch norm nor the instance norm of the public code.",
                self.tip,
            )
        return "instance" if remembers or bias in weights else "none"

    @contextmanager
    def buildable(self) -> Iterator[None]:
        """Inside, settings that limner refuses become an error about the file."""
        try:
            yield
        except ValidationError as error:
            problem = error.errors()[0]
            raise WeightsError(
                f"{self.path} holds a {self.name} that cannot be built: {problem['loc'][0]} is {problem['input']}. "
                f"{problem['msg']}.",
                "Check that the file is whole and from the public code.",
            ) from error

    def nothing_left(self, left: Mapping[str, Tensor], found: str) -> None:
        """Refuse a file with weights that the generator, described by `found`, has no place for."""
        for name, tensor in left.items():
            raise WeightsError(f"{self.path} has '{name}' ({shape(tensor)}), which no {found} has.", self.tip)


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""What a norm remembers. Of instance norm only old versions kept it, and the public code no longer reads it."""


def precision_note(found: Tensor) -> list[str]:
    """What is worth saying of how the weights are stored."""
    if found.dtype == torch.float32:
        return []
    return [f"stored as {str(found.dtype).removeprefix('torch.')}, converted to float32"]


def shape(tensor: Tensor) -> str:
    """Such as "64 x 3 x 7 x 7"."""
    return " x ".join(map(str, tensor.shape)) or "a single number"
