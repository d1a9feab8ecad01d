"""When a run does what: worked out once from the recipe and the number of pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from limner.config.training import TrainingSettings

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
VALIDATIONS = 50
"""Validations that a run has at most when the recipe does not say how many."""
CHECKPOINTS = 10


@dataclass(frozen=True)
class Cadence:
    """Lengths in steps.

    Attributes:
        total: steps of the run; None when it is limited by time.
        limit: seconds that the run may take; None when it is limited by steps.
        validate_every, sample_every, checkpoint_every, log_every: steps between two of each.
    """

    total: int | None
    limit: float | None
    validate_every: int
    sample_every: int
    checkpoint_every: int
    log_every: int


def cadence(training: TrainingSettings, images: int, world: int = 1) -> Cadence:
    """The cadence of a run over a training set of that many pictures, by `world` processes together."""
    batch = training.batch * world
    per_epoch = max(1, math.ceil(images / batch))
    total = training.steps
    if training.epochs is not None:
        total = math.ceil(training.epochs * images / batch)
    validate = training.validate_every or max(per_epoch, math.ceil((total or 0) / VALIDATIONS))
    return Cadence(
        total=total,
        limit=seconds(training.time) if training.time else None,
        validate_every=validate,
        sample_every=training.sample_every or validate,
        checkpoint_every=training.checkpoint_every or math.ceil((total or CHECKPOINTS * per_epoch) / CHECKPOINTS),
        log_every=training.log_every,
    )


def seconds(length: str) -> float:
    """ "90s", "30m", "2h", "1d" in seconds."""
    return float(length[:-1]) * UNITS[length[-1]]
