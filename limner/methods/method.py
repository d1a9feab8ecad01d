"""The seam between a method and the trainer: turns are data, losses are functions, the trainer owns the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from limner.config.recipe import Recipe
from limner.data.batch import Batch, PairedBatch
from limner.errors import RunError
from limner.models import Model
from limner.random import Draw


@dataclass(frozen=True)
class Term:
    """One named part of a loss: its raw value (a scalar tensor) and its weight apart, so that runs compare.

    A weight of 0 means: only watched, nothing is learnt from it.
    """

    value: Tensor
    weight: float = 1.0


Terms = dict[str, Term]


@dataclass(frozen=True)
class Turn:
    """One move in a step: the player whose weights change, and on which loss.

    Attributes:
        player: a key of the method's `players`.
        loss: the method computes it in `<loss>_loss`; by default the player's name.
        fresh: draw a new batch for this turn instead of sharing the step's.
    """

    player: str
    loss: str = ""
    fresh: bool = False

    @property
    def loss_name(self) -> str:
        return self.loss or self.player


@dataclass
class Seen:
    """The last values of every loss term, for a balance. A player that is skipped keeps the last of its terms.

    The host never waits for the device: at a step it holds the values up to the step before the last one. It is in the
    checkpoint.

    Attributes:
        window: values kept of each term.
        values: by "<loss>/<term>", the oldest first.
        losses: those that the method has; another is refused by name. Empty: any.
    """

    window: int = 100
    values: dict[str, deque[float]] = field(default_factory=dict)
    losses: frozenset[str] = frozenset()

    def last(self, term: str) -> float | None:
        """The newest value of a term such as "generator/total"; None before the first.

        Raises:
            RunError: the method has no such term.
        """
        return self._of(term)[-1] if self._of(term) else None

    def mean(self, term: str, n: int) -> float | None:
        """The mean of its last n values, or of all that there are; None before the first. n is at most `window`."""
        newest = list(self._of(term))[-n:]
        return sum(newest) / len(newest) if newest else None

    def _of(self, term: str) -> Sequence[float]:
        loss = term.partition("/")[0]
        of_the_loss = [known for known in self.values if known.startswith(f"{loss}/")]
        if (self.losses and loss not in self.losses) or (of_the_loss and term not in self.values):
            known = ", ".join(of_the_loss or sorted(self.losses))
            raise RunError(f"the plan asks for the values of '{term}', which there is not", f"there are {known}")
        return self.values.get(term, ())

    def add(self, values: Mapping[str, float]) -> None:
        """Take in the values of one step."""
        for term, value in values.items():
            self.values.setdefault(term, deque(maxlen=self.window)).append(value)


class Method(nn.Module):
    """Base of all methods. A subclass names its players and turns, and has one `<loss>_loss` function for each.

    Everything that must survive a restart is a parameter or a buffer of the method: the trainer saves nothing else.

    Attributes:
        model: what is taken away: saved, averaged, validated, loaded and used; `build_model` builds it.
    """

    recipe: ClassVar[type[Recipe]]
    """Its settings: what its recipes may say."""
    players: Mapping[str, Sequence[str]]
    """Each player and the attributes (networks) it owns; one optimiser each. Networks without a player are frozen."""
    turns: Sequence[str | Turn]
    """Who moves in a step, in order."""
    shared_by: ClassVar[str | None] = None
    """The player whose networks `share` runs: once that player has moved, the trainer computes `share` again."""
    batch: ClassVar[type[Batch]] = PairedBatch
    """The form of batch that the method learns from; the data room makes it."""
    model: Model

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.model = self.build_model(recipe)

    @staticmethod
    def build_model(recipe: Any) -> Model:
        """The model alone, freshly drawn from torch's default generator: no discriminator, no pretrained network."""
        raise NotImplementedError("a method says which model it trains: build_model(recipe) -> Model")

    def plan(self, step: int, seen: Seen) -> Sequence[str | Turn]:
        """The turns of a step; a balance overrides it. Pure: the same step and `seen` give the same turns.

        Args:
            step: number of steps done before this one.
            seen: the last values of every term, one step late.
        """
        return self.turns

    def share(self, batch: Any, draw: Draw) -> Any:
        """What is computed once a step and used by several turns; handed to every loss as its last argument."""
        return None
