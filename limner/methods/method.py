"""The seam between a method and the trainer: turns are data, losses are functions, the trainer owns the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from limner.config.recipe import Recipe
from limner.data.batch import Batch, PairedBatch
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


class Method(nn.Module):
    """Base of all methods. A subclass names its players and turns, and has one `<loss>_loss` function for each.

    Everything that must survive a restart is a parameter or a buffer of the method: the trainer saves nothing else.
    """

    players: Mapping[str, Sequence[str]]
    """Each player and the attributes (networks) it owns; one optimiser each. Networks without a player are frozen."""
    turns: Sequence[str | Turn]
    """Who moves in a step, in order."""
    shared_by: ClassVar[str | None] = None
    """The player whose networks `share` runs: once that player has moved, the trainer computes `share` again."""
    batch: ClassVar[type[Batch]] = PairedBatch
    """The form of batch that the method learns from; the data room makes it."""
    translators: ClassVar[Sequence[str]] = ("generator",)
    """The networks that a trained model consists of: the first translates from the input domain to the target domain,
    a second one back. They are saved, and averaged when the recipe asks for EMA."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()

    def plan(self, step: int, seen: Mapping[str, float]) -> Sequence[str | Turn]:
        """The turns of a step; a balance overrides it. Pure: the same step and `seen` give the same turns.

        Args:
            step: number of steps done before this one.
            seen: raw values of the loss terms of the step before, by "<loss>/<term>"; empty at the first step.
        """
        return self.turns

    def share(self, batch: Any, draw: Draw) -> Any:
        """What is computed once a step and used by several turns; handed to every loss as its last argument."""
        return None

    def translate(self, images: Tensor, back: bool = False) -> Tensor:
        """What a trained model does: (N, C, H, W) in [-1, 1] -> the same form; `back` takes the second translator."""
        translated: Tensor = getattr(self, self.translators[int(back)])(images)
        return translated
