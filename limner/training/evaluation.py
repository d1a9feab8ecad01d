"""What is measured on pictures that the generator does not learn from at that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.data.batch import to_bytes, to_range
from limner.data.paired import PairedPictures
from limner.methods.method import Method, Turn
from limner.metrics.pictures import score_each, score_pairs
from limner.networks.norm import frozen_statistics
from limner.training.average import WeightAverage
from limner.training.engine import Engine
from limner.training.seeds import seed_for


@dataclass(frozen=True)
class Judged:
    """Some pictures of one split, what the generator made of them, and how good that is.

    Attributes:
        names: the pictures' names.
        inputs, outputs, targets: uint8 (N, 3, H, W).
        values: loss terms "<loss>/<term>" and picture metrics by name.
        each: `l1` and `ssim` of every picture.
    """

    names: list[str]
    inputs: Tensor
    outputs: Tensor
    targets: Tensor
    values: dict[str, float]
    each: list[dict[str, float]]


@dataclass(frozen=True)
class Judge:
    """Runs a method on fixed pictures exactly as in training, without changing anything.

    Attributes:
        engine: knows the method, the device and the precision.
        average: the moving average, which takes the generator's place when there is one.
        seed: the run's seed; the noise of a picture is always the same, so that steps compare.
    """

    engine: Engine
    average: WeightAverage | None
    seed: int

    def judge(self, pictures: PairedPictures, indices: Sequence[int]) -> Judged:
        """Loss terms and picture metrics over some pictures, one at a time as in use.

        Every loss of the method's plain turns is computed, so that over-fitting shows in each term.
        """
        sums: defaultdict[str, float] = defaultdict(float)
        outputs = []
        batches = [pictures.batch([(0, index)]) for index in indices]
        with self._undisturbed() as method:
            for index, batch in zip(indices, batches, strict=True):
                here = batch.on(self.engine.device)
                for name, value in self._losses(method, here, index).items():
                    sums[name] += value / len(batches)
                outputs.append(to_bytes(self._translate(method, here.input, index)).cpu())
        made, targets = torch.cat(outputs), torch.cat([batch.target for batch in batches])
        return Judged(
            names=[pictures.names[index] for index in indices],
            inputs=torch.cat([batch.input for batch in batches]),
            outputs=made,
            targets=targets,
            values={**sums, **score_pairs(made, targets)},
            each=score_each(made, targets),
        )

    def translate(self, inputs: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) in, the same out; the noise of picture n is always the same."""
        with self._undisturbed() as method:
            made = [
                to_bytes(self._translate(method, to_range(picture[None].to(self.engine.device)), index))
                for index, picture in enumerate(inputs)
            ]
        return torch.cat(made).cpu()

    @contextmanager
    def _undisturbed(self) -> Iterator[Method]:
        method = self.engine.method
        averaged = self.average.in_place_of(method) if self.average else nullcontext()
        with torch.no_grad(), torch.random.fork_rng(), averaged, frozen_statistics(method):
            yield method

    def _translate(self, method: Method, inputs: Tensor, index: int) -> Tensor:
        torch.manual_seed(seed_for(self.seed, "look", index))
        with self.engine.autocast():
            return method.translate(inputs)

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


def spread(length: int, most: int) -> list[int]:
    """At most `most` indices, evenly spread over 0..length-1, always the same ones."""
    count = min(length, most)
    return [index * length // count for index in range(count)]
