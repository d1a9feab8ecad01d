"""Everything that changes while a run goes on, to and from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from limner.errors import CheckpointError
from limner.methods.method import Method
from limner.runs.checkpoint import Checkpoint, Content
from limner.runs.tensors import optimiser_from, optimiser_to_bytes, tensors_from, tensors_to_bytes
from limner.training.ema import EMA
from limner.training.players import Player

MODEL_FILE = "model.safetensors"
EMA_FILE = "ema.safetensors"


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: steps done.
        batches: batches drawn, more than the steps when a method's turns ask for fresh ones.
        seconds: time spent in steps, over all sessions.
        elapsed: wall-clock time, over all sessions, from the moment that everything is loaded.
        parts: parts that a batch is split into; doubled whenever memory ran out.
        best: best value so far of the number that the recipe chooses checkpoints by.
        held: factor that the learning rate stays at, once a finished schedule was lengthened.
        total: steps of the run as it was last planned; None when it is limited by time.
        finished: the run reached its end.
        copies: directions in which the translator copied its input at the last validation.
        seen: the loss values of the last step, for a balance.
        sums, counts: of the loss values since the last line of the log.
    """

    step: int = 0
    batches: int = 0
    seconds: float = 0.0
    elapsed: float = 0.0
    parts: int = 1
    best: float | None = None
    held: float | None = None
    total: int | None = None
    finished: bool = False
    copies: list[str] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def pack(
    method: Method, players: Mapping[str, Player], ema: EMA | None, progress: Progress
) -> tuple[dict[str, Content], dict[str, Any]]:
    """The files and the state of a checkpoint."""
    files: dict[str, Content] = {MODEL_FILE: tensors_to_bytes(method.state_dict())}
    if ema is not None:
        files[EMA_FILE] = tensors_to_bytes(ema.state_dict())
    for name, player in players.items():
        files[_optimiser(name)] = optimiser_to_bytes(player.state_dict())
    state = asdict(progress) | {"average_updates": ema.updates if ema else None}
    return files, state


def unpack(checkpoint: Checkpoint, method: Method, players: Mapping[str, Player], ema: EMA | None) -> Progress:
    """Put a checkpoint's contents back where `pack` took them from.

    Raises:
        CheckpointError: it belongs to other networks or players.
    """
    state = dict(checkpoint.state)
    updates = state.pop("average_updates")
    try:
        method.load_state_dict(tensors_from(checkpoint.file(MODEL_FILE), MODEL_FILE))
        for name, player in players.items():
            file = _optimiser(name)
            player.optimiser.load_state_dict(optimiser_from(checkpoint.file(file), file))
        if ema is not None:
            ema.load_state_dict(tensors_from(checkpoint.file(EMA_FILE), EMA_FILE))
            ema.updates = updates
        return Progress(**{each.name: state[each.name] for each in fields(Progress) if each.name in state})
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"The checkpoint {checkpoint.path} does not fit this run: {str(error).splitlines()[-1].strip()}.",
            "resume it with the recipe that it was written with",
        ) from error


def _optimiser(player: str) -> str:
    return f"optimiser-{player}.pt"
