"""One training step: the players take their turns. The same for every method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from limner.data.batch import Batch
from limner.errors import RunError
from limner.methods.method import Method, Seen, Term, Terms, Turn
from limner.random import Draw, seed_for
from limner.training.players import Player

Values = dict[str, Tensor]


def _ignore(event: str, detail: str) -> None:
    """Keeps it to itself."""


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
        microbatches: how many a batch is split into, their gradients added. Doubled when memory runs out.
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
    microbatches: int = 1
    rank: int = 0
    reduce: Callable[[Sequence[Tensor]], None] | None = None
    tell: Callable[[str, str], None] = _ignore

    def step(self, step: int, draw_batch: Callable[[], Batch], seen: Seen) -> Values:
        """Take all turns of one step.

        Args:
            step: number of steps done before.
            draw_batch: gives the next batch, not yet on the device; called once, and once for every fresh turn.
            seen: the values of the terms so far, for a method that balances its players by them.

        Returns:
            Raw values of every term by "<loss>/<term>" and "<loss>/total", scalars still on the device.

        Raises:
            RunError: memory ran out with one image at a time, or no term of a loss has a weight.
        """
        batch = draw_batch().on(self.device)
        shared = Shared()
        values: Values = {}
        for number, turn in enumerate(self.plan(step, seen)):
            if turn.fresh:
                batch, shared = draw_batch().on(self.device), Shared()
            while True:
                try:
                    values.update(self._turn(turn, batch, shared, (step, number)))
                    break
                except torch.OutOfMemoryError as error:
                    self._halve(turn, len(batch), shared, error)
            if turn.player == self.method.shared_by:
                shared.clear()
        return values

    def plan(self, step: int, seen: Seen) -> list[Turn]:
        """The turns of a step.

        Raises:
            RunError: the method has no such player, or no such loss.
        """
        turns = [turn if isinstance(turn, Turn) else Turn(turn) for turn in self.method.plan(step, seen)]
        for turn in turns:
            if turn.player not in self.players or not hasattr(self.method, f"{turn.loss_name}_loss"):
                raise RunError(
                    f"a turn of player '{turn.player}' on the loss '{turn.loss_name}', but the method has no such "
                    f"{'loss' if turn.player in self.players else 'player'}",
                    f"its players are {', '.join(self.players)}; a loss is a method called {turn.loss_name}_loss",
                )
        return turns

    def _turn(self, turn: Turn, batch: Batch, shared: Shared, key: tuple[int, int]) -> Values:
        player = self.players[turn.player]
        loss: Callable[..., Terms] = getattr(self.method, f"{turn.loss_name}_loss")
        size = math.ceil(len(batch) / self.microbatches)
        values: Values = {}
        for number, start in enumerate(range(0, len(batch), size)):
            microbatch = batch.part(start, start + size)
            if size < len(batch):
                shared.clear()
            # Dropout takes no generator of its own, so the default one is seeded for each use. Each region of autocast
            # ends with the turn: inside one region a weight's cast copy would outlive the optimiser's step.
            if not shared.ready:
                draw = self.seeded("share", *key, number)
                with self.autocast():
                    shared.set(self.method.share(microbatch, draw))
            draw = self.seeded("turn", *key, number)
            with self.autocast():
                terms = loss(microbatch, draw, shared.value)
            total = _total(turn.loss_name, terms)
            share = len(microbatch) / len(batch)
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

    def _halve(self, turn: Turn, images: int, shared: Shared, error: torch.OutOfMemoryError) -> None:
        """Split batches into twice as many microbatches, after memory ran out in a turn."""
        if self.microbatches >= images:
            raise RunError(
                "memory ran out with one image at a time",
                "lower data.size or generator.base_channels, or set precision=bf16",
            ) from error
        shared.clear()
        self.players[turn.player].optimiser.zero_grad()
        self.microbatches = min(2 * self.microbatches, images)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        text = f"memory ran out: each batch of {images} is now split into {self.microbatches} microbatches"
        self.tell("memory-halved", text)

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


def _total(loss: str, terms: Terms) -> Tensor:
    for name, term in terms.items():
        if not isinstance(term, Term):
            raise RunError(f"'{name}' of the loss '{loss}' is a {type(term).__name__}", "wrap it: Term(value, weight)")
    weighted = [term.value * term.weight for term in terms.values() if term.weight]
    if not weighted:
        raise RunError(
            f"no term of the loss '{loss}' has a weight, so nothing would be learnt from it",
            f"give one of them a weight above 0: {', '.join(terms) or 'it has none'}",
        )
    return torch.stack(weighted).sum() if len(weighted) > 1 else weighted[0]
