"""What is measured on pictures that the generator does not learn from at that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.config.nearest import nearest_key
from limner.data.batch import DomainBatch, to_bytes, to_range
from limner.data.splits import ImageSplit, References, Splits, spread
from limner.errors import RecipeError
from limner.methods.image_pool import paused_image_pools
from limner.methods.method import Method, Turn
from limner.metrics.pairs import score_pairs
from limner.metrics.translation import score_domain_translation
from limner.networks.norm import frozen_statistics
from limner.random import seed_for
from limner.training.ema import EMA
from limner.training.engine import Engine

BOTH_WAYS = {"AtoB": False, "BtoA": True}
"""Direction -> whether it is the way back, for a method with two translators."""


@dataclass(frozen=True)
class Translated:
    """What a generator made of some pictures, uint8 (N, 3, H, W), and what the other one made of that in turn."""

    outputs: Tensor
    returned: Tensor | None


@dataclass(frozen=True)
class Direction:
    """Some pictures of one split translated in one direction.

    Attributes:
        shown: the pictures and what they should become.
        made: what they became.
        scores: picture metrics by name.
    """

    shown: References
    made: Translated
    scores: dict[str, float]


@dataclass(frozen=True)
class Validated:
    """How good a method is on one split.

    Attributes:
        losses: loss terms by "<loss>/<term>".
        directions: by "AtoB" and "BtoA", or by "" where there is only one.
    """

    losses: dict[str, float]
    directions: dict[str, Direction]

    @property
    def scores(self) -> dict[str, float]:
        """Picture metrics by name, behind the direction where there are two: "ssim" or "AtoB/ssim"."""
        return {
            f"{label}/{name}" if label else name: value
            for label, direction in self.directions.items()
            for name, value in direction.scores.items()
        }


def by_tag(validated: Mapping[str, Validated]) -> dict[str, float]:
    """The numbers of a validation by tag; without the training split's loss terms, which the steps themselves give."""
    return {
        f"{split}/{name}": value
        for split, known in validated.items()
        for name, value in (known.scores | (known.losses if split == "val" else {})).items()
    }


@dataclass(frozen=True)
class Validator:
    """Runs a method on fixed pictures exactly as in training, without changing anything.

    Attributes:
        engine: knows the method, the device and the precision.
        ema: the moving average, which takes the generator's place when there is one.
        seed: the run's seed; the noise of a picture is always the same, so that steps compare.
    """

    engine: Engine
    ema: EMA | None
    seed: int

    @property
    def labels(self) -> dict[str, bool]:
        """Each direction that the method translates in -> whether it is the way back; "" where there is only one."""
        return BOTH_WAYS if len(self.engine.method.translators) > 1 else {"": False}

    def validate_splits(self, splits: Splits, most: int) -> dict[str, Validated]:
        """`validate` for each split that has pictures: train, val."""
        named = {"train": splits.train, "val": splits.validation}
        return {name: self.validate(images, most) for name, images in named.items() if len(images)}

    def check_best(self, tag: str | None, splits: Splits) -> None:
        """Refuse a `training.best` that no validation will give, by judging one picture.

        Raises:
            RecipeError: so it is; names what a validation gives.
        """
        if tag is not None and tag not in (known := by_tag(self.validate_splits(splits, most=1))):
            similar = nearest_key(tag, known)
            raise RecipeError(
                f"training.best is '{tag}', but no validation gives such a number",
                (f"a similar one is {similar}; " if similar else "") + f"it gives {', '.join(sorted(known))}",
            )

    def validate(self, images: ImageSplit, most: int) -> Validated:
        """Loss terms and picture metrics over at most `most` pictures, one at a time as in use.

        Every loss of the method's plain turns is computed, so that over-fitting shows in each term.
        """
        sums: defaultdict[str, float] = defaultdict(float)
        indices = spread(len(images), most)
        with self._undisturbed() as method:
            for index in indices:
                batch = images.batch([(0, index)]).on(self.engine.device)
                for name, value in self._losses(method, batch, index).items():
                    sums[name] += value / len(indices)
        return Validated(
            dict(sums), {label: self._look(images.references(most, back), back) for label, back in self.labels.items()}
        )

    def translate(self, inputs: Tensor, back: bool = False) -> Translated:
        """uint8 (N, 3, H, W) in, the same out, and back again where the method can; the noise of picture n is fixed.

        N is at least 1.
        """
        outputs, returned = [], []
        with self._undisturbed() as method:
            for index, image in enumerate(inputs):
                made = self._translate(method, to_range(image[None].to(self.engine.device)), index, back)
                outputs.append(to_bytes(made).cpu())
                if len(method.translators) > 1:
                    returned.append(to_bytes(self._translate(method, made, index, not back)).cpu())
        return Translated(torch.cat(outputs), torch.cat(returned) if returned else None)

    def _look(self, shown: References, back: bool) -> Direction:
        made = self.translate(shown.inputs, back)
        scores = {} if shown.targets is None else score_pairs(made.outputs, shown.targets)
        if issubclass(self.engine.method.batch, DomainBatch):
            scores |= score_domain_translation(shown.inputs, made.outputs, shown.images, shown.targets, made.returned)
        return Direction(shown, made, scores)

    @contextmanager
    def _undisturbed(self) -> Iterator[Method]:
        method = self.engine.method
        averaged = self.ema.in_place_of(method) if self.ema else nullcontext()
        with torch.no_grad(), torch.random.fork_rng(), averaged, frozen_statistics(method), paused_image_pools(method):
            yield method

    def _translate(self, method: Method, inputs: Tensor, index: int, back: bool) -> Tensor:
        torch.manual_seed(seed_for(self.seed, "look", index))
        with self.engine.autocast():
            return method.translate(inputs, back)

    def _losses(self, method: Method, batch: object, index: int) -> dict[str, float]:
        values = {}
        draw = self.engine.seeded("judge", index)
        with self.engine.autocast():
            shared = method.share(batch, draw)
            for turn in method.turns:
                loss = turn.loss_name if isinstance(turn, Turn) else turn
                terms = getattr(method, f"{loss}_loss")(batch, draw, shared)
                values.update({f"{loss}/{name}": float(term.value) for name, term in terms.items()})
                values[f"{loss}/total"] = sum(float(term.value) * term.weight for term in terms.values())
        return values
