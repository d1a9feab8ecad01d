"""The processes that train one model together: each on its own device, all with the same weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as processes


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; the first one leads: it alone logs, validates and saves.

    Attributes:
        rank: number of this process, from 0.
        world: how many there are.
        device: where this one computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def ema(self, gradients: list[Tensor]) -> None:
        """Replace every gradient by its mean over the processes, in place."""
        for gradient in gradients:
            processes.all_reduce(gradient)
            gradient.div_(self.world)

    def agree(self, flag: bool) -> bool:
        """Whether any process says so; all get the same answer, so that they stop after the same step."""
        if self.world == 1:
            return flag
        said = torch.tensor(int(flag), device=self.device)
        processes.all_reduce(said, op=processes.ReduceOp.MAX)
        return bool(said)


def single_process(device: torch.device) -> Processes:
    """The team of one."""
    return Processes(0, 1, device)
