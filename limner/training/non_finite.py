"""Noticing that training broke down: what should be numbers no longer is. Such a state is never saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor

from limner.errors import RunError
from limner.methods.method import Method
from limner.runs.checkpoint import checkpoints
from limner.training.ema import EMA
from limner.training.players import Player


def non_finite_tensor(method: Method, players: Mapping[str, Player], ema: EMA | None) -> str | None:
    """The name of a tensor that a checkpoint would hold and that holds NaN or an infinity; None when there is none."""
    for name, tensor in _saved(method, players, ema):
        if tensor.is_floating_point() and tensor.numel():
            low, high = tensor.aminmax()
            if not bool(low.isfinite() & high.isfinite()):
                return name
    return None


def non_finite(what: str, step: int, folder: Path) -> RunError:
    """The error that ends training.

    Args:
        what: is no longer a number.
        folder: the run's checkpoints, all of them from before.
    """
    before = [path.name for path in checkpoints(folder)]
    kept = f"{before[-1]} in {folder} is from before." if before else "No checkpoint had been written before."
    return RunError(
        f"{what} is no longer a number at step {step}; training stopped. {kept}",
        "lower training.optimiser.lr, set training.clip=1, or try precision=fp32",
    )


def _saved(method: Method, players: Mapping[str, Player], ema: EMA | None) -> Iterator[tuple[str, Tensor]]:
    yield from method.state_dict().items()
    if ema is not None:
        yield from ((f"the average of {name}", tensor) for name, tensor in ema.state_dict().items())
    for player, mover in players.items():
        for state in mover.optimiser.state.values():
            yield from ((f"{name} of the optimiser of {player}", value) for name, value in state.items())
