"""Steps that are recorded once and replayed: small batches are limited by launching kernels, not by computing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from limner.config.training import TrainingSettings
from limner.data.batch import Batch
from limner.methods.method import Seen, Turn
from limner.random import Draw
from limner.training.engine import Engine, Shared, Values
from limner.training.recording import Graph, Recording, cuda_graphs

WARM = 2
"""Ordinary steps before the one that is recorded, so that optimisers have their state and libraries their workspace.
That one is taken too, which makes three: as many as PyTorch's notes on CUDA graphs warm up with."""

TOLERANCE = 0.05
"""Largest difference of a replayed step from the ordinary one, as a share of what the step changes. Kernels that add in
no fixed order stay far below; a forgotten move, old pictures or old random numbers are far above."""

Plan = tuple[Turn, ...]
Key = tuple[Plan, tuple[tuple[int, ...], ...], int]


def engine_for(training: TrainingSettings, device: torch.device, world: int) -> type[Engine]:
    """Which engine trains: steps are replayed on one CUDA device, where the recipe does not forbid it."""
    return GraphedEngine if training.graphs and device.type == "cuda" and world == 1 else Engine


@dataclass
class GraphedEngine(Engine):
    """An engine that replays its steps. What changes from step to step is put in place beforehand: pictures, random
    numbers, learning rates.

    Every kind of step (its turns, the shapes of its batches, its microbatches) is taken in the ordinary way twice, then
    recorded; the next one is both taken and replayed, and the two compared. When recording fails or the two differ,
    training goes on in the ordinary way.

    Attributes:
        make_graph: gives an empty graph; by default CUDA graphs that share one pool of memory.
    """

    make_graph: Callable[[], Graph] = field(default_factory=cuda_graphs)
    _taken: Counter[Key] = field(default_factory=Counter, init=False)
    _recordings: dict[Key, Recording] = field(default_factory=dict, init=False)
    _checked: set[Key] = field(default_factory=set, init=False)
    _present: Recording | None = field(default=None, init=False)
    _off: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        for player in self.players.values():
            player.keep_rate_on_device()

    def step(self, step: int, draw_batch: Callable[[], Batch], seen: Seen) -> Values:
        if self._off:
            return super().step(step, draw_batch, seen)
        plan = tuple(self.plan(step, seen))
        batches = [draw_batch() for _ in range(1 + sum(turn.fresh for turn in plan))]
        key = (plan, tuple(shape for batch in batches for shape in batch.shapes), self.microbatches)

        def ordinary() -> Values:
            return super(GraphedEngine, self).step(step, iter(batches).__next__, seen)

        if key in self._checked:
            return self._recordings[key].replay(step, batches, self.seed_of)
        if key in self._recordings:
            return self._compare(key, step, batches, ordinary)
        self._taken[key] += 1
        if self._taken[key] > WARM:
            self._record(key, step, batches, seen)
        return ordinary()

    def seeded(self, use: str, *key: int) -> Draw:
        if self._present is None:
            return super().seeded(use, *key)
        return self._present.cut(use, key[1:])

    def _record(self, key: Key, step: int, batches: Sequence[Batch], seen: Seen) -> None:
        try:
            self._present = recording = Recording(batches, self.device, self.make_graph)
            recorded = iter(recording.batches)
            recording.record(lambda: super(GraphedEngine, self).step(step, recorded.__next__, seen))
            self._recordings[key] = recording
        except RuntimeError as error:
            self._give_up(f"a step could not be recorded ({str(error).partition(chr(10))[0]})")
        finally:
            self._present = None
            for player in self.players.values():
                player.optimiser.zero_grad()

    def _compare(self, key: Key, step: int, batches: Sequence[Batch], ordinary: Callable[[], Values]) -> Values:
        try:
            before, after = self._copies(), self._copies()
        except torch.OutOfMemoryError:
            self._give_up("memory does not suffice to compare a replayed step with the ordinary one")
            return ordinary()
        values = ordinary()
        if key not in self._recordings:
            return values
        _overwrite(after, self._state())
        _overwrite(self._state(), before)
        self._recordings[key].replay(step, batches, self.seed_of)
        differences = list(map(_difference, before, after, self._state()))
        _overwrite(self._state(), after)
        if not all(difference <= TOLERANCE for difference in differences):  # written so that NaN does not pass
            self._give_up(f"a replayed step differs from the ordinary one by {max(differences):.0%} of what it changes")
        else:
            self._checked.add(key)
        return values

    def _halve(self, turn: Turn, images: int, shared: Shared, error: torch.OutOfMemoryError) -> None:
        # A recording does not run, so it cannot go on with smaller microbatches: it fails, and the ordinary step does.
        if self._present is not None:
            raise error
        super()._halve(turn, images, shared, error)
        self._recordings.clear()
        self._checked.clear()

    def _give_up(self, why: str) -> None:
        self._off = True
        self._recordings.clear()
        self.tell("graphs-off", f"{why}: training goes on without CUDA graphs, at the ordinary speed")

    def _state(self) -> list[list[Tensor]]:
        """Everything that a step may change, like with like."""
        owned = {id(parameter) for player in self.players.values() for parameter in player.parameters}
        others = [parameter.detach() for parameter in self.method.parameters() if id(parameter) not in owned]
        groups = [[each] for each in (*self.method.buffers(), *others)]
        for player in self.players.values():
            groups.append([parameter.detach() for parameter in player.parameters])
            states = list(player.optimiser.state.values())
            groups += [[state[name] for state in states] for name in (states[0] if states else ())]
        return groups

    def _copies(self) -> list[list[Tensor]]:
        return [[tensor.clone() for tensor in group] for group in self._state()]


def _overwrite(places: Sequence[Sequence[Tensor]], groups: Sequence[Sequence[Tensor]]) -> None:
    for tensors, values in zip(places, groups, strict=True):
        torch._foreach_copy_(list(tensors), list(values))


def _difference(before: Sequence[Tensor], after: Sequence[Tensor], replayed: Sequence[Tensor]) -> float:
    """Distance between the two outcomes over the distance that the ordinary step went; 0 when they are equal."""
    apart = _distance(after, replayed)
    return apart / max(_distance(after, before), 1e-30) if apart else 0.0


def _distance(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    squares = [(a.double() - b.double()).square().sum() for a, b in zip(one, other, strict=True)]
    return math.sqrt(float(torch.stack(squares).sum()))
