"""Everything that changes while a run goes on, to and from a checkpoint."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor, nn

from limner.errors import CheckpointError
from limner.methods.method import Method, Seen
from limner.runs.checkpoint import EMA_WEIGHTS, WEIGHTS, Checkpoint, Content
from limner.runs.tensors import optimiser_from, optimiser_to_bytes, tensors_from, tensors_to_bytes
from limner.training.ema import EMA
from limner.training.players import Player


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: steps done.
        batches: batches drawn, more than the steps when a method's turns ask for fresh ones.
        seconds: time spent in steps, over all sessions.
        elapsed: wall-clock time, over all sessions, from the moment that everything is loaded.
        microbatches: that a batch is split into; doubled whenever memory ran out.
        held: by player, the factor that its learning rate stays at, once a finished schedule was lengthened.
        total: steps of the run as it was last planned; None when it is limited by time.
        finished: the run reached its end.
        seen: the last loss values, for a balance.
        pending: those of the newest step, which a balance does not know yet.
        sums, counts: of the loss values since the last line of the log.
    """

    step: int = 0
    batches: int = 0
    seconds: float = 0.0
    elapsed: float = 0.0
    microbatches: int = 1
    held: dict[str, float] = field(default_factory=dict)
    total: int | None = None
    finished: bool = False
    seen: Seen = field(default_factory=Seen)
    pending: dict[str, float] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def pack(
    method: Method, players: Mapping[str, Player], ema: EMA | None, progress: Progress, built: Mapping[str, str]
) -> tuple[dict[str, Content], dict[str, Any]]:
    """The files and the state of a checkpoint.

    Args:
        built: what `frozen_hashes` gave when the method was built. Of networks that still have these weights only the
            hash is kept; one that the method moves by itself, such as a momentum network, is saved.
    """
    frozen = {name: digest for name, digest in frozen_hashes(method).items() if built[name] == digest}
    files: dict[str, Content] = {WEIGHTS: tensors_to_bytes(_saved_state(method, frozen))}
    if ema is not None:
        files[EMA_WEIGHTS] = tensors_to_bytes(ema.state_dict())
    for name, player in players.items():
        files[_optimiser(name)] = optimiser_to_bytes(player.state_dict())
    state = {each.name: getattr(progress, each.name) for each in fields(Progress)}
    state["seen"] = {name: list(values) for name, values in progress.seen.values.items()}
    return files, state | {"ema_updates": ema.updates if ema else None, "frozen": frozen}


def unpack(checkpoint: Checkpoint, method: Method, players: Mapping[str, Player], ema: EMA | None) -> Progress:
    """Put a checkpoint's contents back where `pack` took them from.

    Raises:
        CheckpointError: it belongs to other networks or players, or frozen networks have other weights now.
    """
    state = dict(checkpoint.state)
    try:
        now = frozen_hashes(method)
        for name, digest in state["frozen"].items():
            if now[name] != digest:
                raise ValueError(f"the weights of the frozen network '{name}' are others now")
        saved, every = _saved_state(method, state["frozen"]), method.state_dict()
        frozen = {name: value for name, value in every.items() if name not in saved}
        method.load_state_dict(tensors_from(checkpoint.file(WEIGHTS), WEIGHTS) | frozen)
        for name, player in players.items():
            file = _optimiser(name)
            player.optimiser.load_state_dict(optimiser_from(checkpoint.file(file), file))
        if ema is not None:
            ema.load_state_dict(tensors_from(checkpoint.file(EMA_WEIGHTS), EMA_WEIGHTS))
            ema.updates = state["ema_updates"]
        seen = Seen()
        seen.values = {name: deque(values, maxlen=seen.window) for name, values in state["seen"].items()}
        known = {each.name: state[each.name] for each in fields(Progress) if each.name in state}
        return Progress(**(known | {"seen": seen}))
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"The checkpoint {checkpoint.path} does not fit this run: {str(error).splitlines()[-1].strip()}.",
            "resume it with the recipe that it was written with",
        ) from error


def frozen_networks(method: Method) -> dict[str, nn.Module]:
    """The networks, by attribute, that no player owns and that are no part of the model, such as a pretrained one."""
    owned = {"model", *(network for networks in method.players.values() for network in networks)}
    return {
        name: network
        for name, network in method.named_children()
        if name not in owned and any(True for _ in network.parameters())
    }


def frozen_hashes(method: Method) -> dict[str, str]:
    """SHA-256 of the weights of each of `frozen_networks`."""
    return {
        name: hashlib.sha256(tensors_to_bytes(dict(network.named_parameters()))).hexdigest()
        for name, network in frozen_networks(method).items()
    }


def non_finite_tensor(method: Method, players: Mapping[str, Player], ema: EMA | None) -> str | None:
    """The name of a tensor that a checkpoint would hold and that holds NaN or an infinity; None when there is none.

    Such a state is never saved.
    """
    for name, tensor in _saved(method, players, ema):
        if tensor.is_floating_point() and tensor.numel():
            low, high = tensor.aminmax()
            if not bool(low.isfinite() & high.isfinite()):
                return name
    return None


def _saved(method: Method, players: Mapping[str, Player], ema: EMA | None) -> Iterator[tuple[str, Tensor]]:
    yield from _saved_state(method, frozen_networks(method)).items()
    if ema is not None:
        yield from ((f"the average of {name}", tensor) for name, tensor in ema.state_dict().items())
    for player, mover in players.items():
        for state in mover.optimiser.state.values():
            yield from ((f"{name} of the optimiser of {player}", value) for name, value in state.items())


def _saved_state(method: Method, frozen: Iterable[str]) -> dict[str, Tensor]:
    """All but the weights of these networks. Their buffers are among it, for norm statistics move in training mode."""
    weights = {f"{name}.{each}" for name in frozen for each, _ in method.get_submodule(name).named_parameters()}
    return {name: value for name, value in method.state_dict().items() if name not in weights}


def _optimiser(player: str) -> str:
    return f"optimiser-{player}.pt"
