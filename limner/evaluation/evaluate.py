"""What a model makes of some references, exactly as it is used, and how good that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.config.data import UseSettings
from limner.data.batch import to_bytes, to_range
from limner.data.splits import References
from limner.distributed import Processes, single_process
from limner.metrics import Metric, Outputs, score
from limner.models import Direction, ImageGenerator, Model, Translator, running
from limner.models.running import AT_ONCE, generate_as_used, noise_seed

Known = Callable[[Tensor, Direction], tuple[Tensor, Tensor | None] | None]
"""(image (1, C, H, W) in [-1, 1], direction) -> what it became, and what came back of that, as bytes, if known."""


@dataclass(frozen=True)
class Evaluation:
    """What a model made of some references.

    Attributes:
        references: the real images.
        outputs: what it made.
        scores: the value of each metric by its name.
    """

    references: References
    outputs: Outputs
    scores: dict[str, float]


def evaluate(
    model: Model,
    references: References,
    metrics: Sequence[Metric],
    use: UseSettings,
    seed: int,
    direction: Direction | None = None,
    processes: Processes | None = None,
    known: Known | None = None,
) -> Evaluation:
    """Run a model on references and measure what it makes.

    Args:
        model: on its device.
        references: what it is shown, and what its outputs are measured against.
        metrics: those that these references allow, see `limner.metrics.available`.
        use: how it is run.
        seed: of dropout and of noise; the same seed gives the same outputs.
        direction: of a translator; by default its first one.
        processes: share the work, and all get all of it.
        known: translations that need not be made again.
    """
    processes = processes or single_process(next(model.parameters()).device)
    if isinstance(model, Translator):
        way = direction or model.directions[0]
        outputs = _translations(model, references, use, seed, way, processes, known or (lambda image, way: None))
    else:
        assert isinstance(model, ImageGenerator)
        outputs = _generated(model, references, use, seed, processes)
    return Evaluation(references, outputs, score(outputs, references, metrics))


def _translations(
    model: Translator,
    references: References,
    use: UseSettings,
    seed: int,
    direction: Direction,
    processes: Processes,
    known: Known,
) -> Outputs:
    """One image at a time, as in use: images never share norm statistics."""
    assert references.inputs is not None, "a translator needs inputs"
    inputs = references.inputs
    back = next((way for way in model.directions if way != direction), None)
    outputs: list[Tensor] = []
    returned: list[Tensor] = []
    for row in processes.share(len(inputs)):
        image = to_range(inputs[row : row + 1].to(processes.device))
        made, round_trip = known(image, direction) or _there_and_back(model, image, use, seed, direction, back)
        outputs.append(made)
        if round_trip is not None:
            returned.append(round_trip)
    made = processes.gather(_rows(outputs, inputs), len(inputs))
    return Outputs(made, processes.gather(_rows(returned, inputs), len(inputs)) if back else None)


def _there_and_back(
    model: Translator, image: Tensor, use: UseSettings, seed: int, direction: Direction, back: Direction | None
) -> tuple[Tensor, Tensor | None]:
    made = translate_as_used(model, image, direction, use, seed)
    round_trip = None if back is None else to_bytes(translate_as_used(model, made, back, use, seed)).cpu()
    return to_bytes(made).cpu(), round_trip


def translate_as_used(model: Translator, image: Tensor, direction: Direction, use: UseSettings, seed: int) -> Tensor:
    """(1, C, H, W) in [-1, 1] -> the same, as `limner.load` and `translate` with this seed make it."""
    with running(model, use, noise_seed(image[0], seed)):
        return model.translate(image, direction)


def _generated(
    model: ImageGenerator, references: References, use: UseSettings, seed: int, processes: Processes
) -> Outputs:
    """As many images as there are real ones, of the same classes where there are classes."""
    count, shape = len(references.images), references.images.shape[1:]
    labels = references.labels if model.classes else None
    chunks = -(-count // AT_ONCE)
    made = torch.zeros(len(processes.share(chunks)), AT_ONCE, *shape, dtype=torch.uint8)
    drawn = generate_as_used(model, count, labels, use, seed, processes.share(chunks))
    for place, images in zip(made, drawn, strict=True):
        place[: len(images)] = to_bytes(images).cpu()
    return Outputs(processes.gather(made, chunks).flatten(0, 1)[:count], labels=labels)


def _rows(images: list[Tensor], like: Tensor) -> Tensor:
    return torch.cat(images) if images else like[:0]
