"""One training step: the players take their turns. The same for every method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.data.batch import Batch
from limner.errors import RunError
from limner.methods.method import Method, Terms, Turn
from limner.random import Draw, seed_for
from limner.training.players import Player

Values = dict[str, Tensor]


def _nobody(event: str, detail: str) -> None:
    """Nobody wants to know."""


@dataclass
class Engine:
    """Takes the turns of a step: share, loss, gradient of the mover alone, clipping, optimiser.

    Attributes:
        method: the method, on the device.
        players: its players by name.
        device: where the step is computed.
        seed: the run's seed; all random numbers of a turn follow from (seed, step, rank, turn).
        bf16: compute in bfloat16 by autocast; weights and optimiser stay float32.
        clip: largest norm of a player's gradient, or None.
        parts: parts that a batch is split into, their gradients added. Doubled when memory runs out.
        rank: number of this process among those that train together.
        reduce: averages gradients over the processes; None when there is one.
        tell: told, by an event's name and in words, what a reader of the run must know.
    """

    method: Method
    players: Mapping[str, Player]
    device: torch.device
    seed: int
    bf16: bool = False
    clip: float | None = None
    parts: int = 1
    rank: int = 0
    reduce: Callable[[list[Tensor]], None] | None = None
    tell: Callable[[str, str], None] = _nobody

    def step(self, step: int, draw_batch: Callable[[], Batch], seen: Mapping[str, float]) -> Values:
        """Take all turns of one step.

        Args:
            step: number of steps done before.
            draw_batch: gives the next batch, not yet on the device; called once, and once for every fresh turn.
            seen: raw values of the terms of the step before, for a method that balances its players by them.

        Returns:
            Raw values of every term by "<loss>/<term>" and "<loss>/total", scalars still on the device.

        Raises:
            RunError: memory ran out with one picture at a time.
        """
        batch = draw_batch().on(self.device)
        shared = Shared()
        values: Values = {}
        for number, turn in enumerate(self.method.plan(step, seen)):
            turn = turn if isinstance(turn, Turn) else Turn(turn)
            if turn.fresh:
                batch, shared = draw_batch().on(self.device), Shared()
            values.update(self._turn_within_memory(turn, batch, shared, (step, number)))
            if turn.player == self.method.shared_by:
                shared.clear()
        return values

    def _turn_within_memory(self, turn: Turn, batch: Batch, shared: Shared, key: tuple[int, int]) -> Values:
        while True:
            try:
                return self._turn(turn, batch, shared, key)
            except torch.OutOfMemoryError as error:
                if self.parts >= len(batch):
                    raise RunError(
                        "memory ran out with one picture at a time",
                        "lower data.size or generator.base_channels, or set precision=bf16",
                    ) from error
            shared.clear()
            self.players[turn.player].optimiser.zero_grad()
            self.parts = min(2 * self.parts, len(batch))
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            text = f"memory ran out: each batch of {len(batch)} is now split into {self.parts} parts"
            self.tell("memory-halved", text)

    def _turn(self, turn: Turn, batch: Batch, shared: Shared, key: tuple[int, int]) -> Values:
        player = self.players[turn.player]
        size = math.ceil(len(batch) / self.parts)
        values: Values = {}
        for part, start in enumerate(range(0, len(batch), size)):
            piece = batch.part(start, start + size)
            if size < len(batch):
                shared.clear()
            share = (len(piece)) / len(batch)
            terms = self._terms(turn, piece, shared, (*key, part))
            total = _total(terms)
            torch.autograd.backward(total * share if share < 1 else total, inputs=player.parameters)
            for name, value in [*((name, term.value) for name, term in terms.items()), ("total", total)]:
                tag = f"{turn.loss_name}/{name}"
                scaled = value.detach().float() * share
                values[tag] = values[tag] + scaled if tag in values else scaled
        if self.reduce is not None:
            self.reduce([p.grad for p in player.parameters if p.grad is not None])
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(player.parameters, self.clip)
        player.optimiser.step()
        player.optimiser.zero_grad()
        return values

    def _terms(self, turn: Turn, batch: Batch, shared: Shared, key: tuple[int, int, int]) -> Terms:
        # Dropout takes no generator of its own, so the default one is seeded for each use. Each region of autocast
        # ends with the turn: inside one region a weight's cast copy would outlive the optimiser's step.
        if not shared.ready:
            draw = self.seeded("share", *key)
            with self.autocast():
                shared.set(self.method.share(batch, draw))
        draw = self.seeded("turn", *key)
        with self.autocast():
            loss: Callable[..., Terms] = getattr(self.method, f"{turn.loss_name}_loss")
            return loss(batch, draw, shared.value)

    def seeded(self, use: str, *key: int) -> Draw:
        """Seed torch's default generator (dropout draws from it) for one use, and give the generator of that use."""
        seed = self.seed_of(use, *key)
        torch.manual_seed(seed)
        return Draw(seed, self.device)

    def seed_of(self, use: str, *key: int) -> int:
        """The seed of one use of random numbers in this process."""
        return seed_for(self.seed, use, self.rank, *key)

    def autocast(self) -> torch.autocast:
        """The region in which a forward pass runs at the run's precision."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)


class Shared:
    """What `share` computed, until its owner moves."""

    def __init__(self) -> None:
        self.clear()

    def set(self, value: object) -> None:
        self.value, self.ready = value, True

    def clear(self) -> None:
        self.set(None)
        self.ready = False


def _total(terms: Terms) -> Tensor:
    weighted = [term.value * term.weight for term in terms.values() if term.weight]
    return torch.stack(weighted).sum() if len(weighted) > 1 else weighted[0]
