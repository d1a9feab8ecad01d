"""A player: the networks that move together, and their optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from limner.config.training import OptimiserSettings, ScheduleSettings, TrainingSettings
from limner.errors import RecipeError
from limner.methods.method import Method


@dataclass
class Player:
    """One side of the game.

    Attributes:
        name: as in the method's `players`.
        parameters: every parameter of the networks it owns.
        optimiser: Adam over exactly those.
        rate: the base learning rate, before the schedule.
        schedule: of its learning rate.
    """

    name: str
    parameters: list[nn.Parameter]
    optimiser: torch.optim.Optimizer
    rate: float
    schedule: ScheduleSettings

    def set_rate(self, factor: float) -> None:
        """Set the learning rate to factor times the base rate."""
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.rate * factor)
            else:
                group["lr"] = self.rate * factor

    def keep_rate_on_device(self) -> None:
        """Keep the learning rate where a step that was recorded as a graph finds it as it is when it is replayed."""
        device = self.parameters[0].device
        for group in self.optimiser.param_groups:
            # The fused kernel reads float32; on a CPU there are no graphs that "capturable" could stand for.
            group["lr"] = torch.tensor(group["lr"], dtype=torch.float32, device=device)
            group["capturable"] = device.type == "cuda"

    @property
    def current_rate(self) -> float:
        """The learning rate, the schedule applied."""
        return float(self.optimiser.param_groups[0]["lr"])

    def state_dict(self) -> dict[str, Any]:
        """The optimiser's state, the same whether its steps are recorded or not."""
        state = self.optimiser.state_dict()
        plain = [group | {"lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
        return state | {"param_groups": plain}


def make_players(method: Method, training: TrainingSettings) -> dict[str, Player]:
    """One player for each that the method names; all other parameters of the method are frozen.

    Raises:
        RecipeError: `training.optimisers` names a player that the method does not have.
    """
    unknown = [name for name in training.optimisers if name not in method.players]
    if unknown:
        raise RecipeError(
            f"training.optimisers.{unknown[0]}: the method has no such player",
            f"its players are {', '.join(method.players)}",
        )
    method.requires_grad_(False)
    players = {}
    for name, networks in method.players.items():
        parameters = [parameter for network in networks for parameter in getattr(method, network).parameters()]
        for parameter in parameters:
            parameter.requires_grad_(True)
        settings = training.optimisers.get(name, training.optimiser)
        schedule = training.schedule_of(name)
        players[name] = Player(name, parameters, _adam(parameters, settings), settings.lr, schedule)
    return players


def _adam(parameters: list[nn.Parameter], settings: OptimiserSettings) -> torch.optim.Optimizer:
    # The fused form is 2.75x faster on the optimiser's share of a step and rounds the same way on every run.
    fused = parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.Adam(
        parameters, lr=settings.lr, betas=settings.betas, weight_decay=settings.weight_decay, fused=fused
    )
