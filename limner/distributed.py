"""The processes that train one model together: each on its own device, all with the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch import distributed as torch_distributed


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; the main one alone logs and saves.

    Attributes:
        rank: number of this process, from 0.
        world_size: how many there are.
        device: where this one computes.
    """

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by its mean over the processes, in place, in one exchange."""
        if self.world_size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        torch_distributed.all_reduce(flat)
        means = torch.split(flat.div_(self.world_size), [tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def highest(self, *values: float) -> list[float]:
        """The highest of each value over the processes; all get the same answer. The host waits for it."""
        if self.world_size == 1:
            return list(values)
        together = torch.tensor(values, dtype=torch.float64, device=self._exchange)
        torch_distributed.all_reduce(together, op=torch_distributed.ReduceOp.MAX)
        return [float(value) for value in together]

    def share(self, count: int) -> range:
        """Which of `count` pieces of work this process does; see `gather`."""
        return range(self.rank, count, self.world_size)

    def gather(self, rows: Tensor, count: int) -> Tensor:
        """All rows in their order, on every process, from those that each has made of its `share`.

        Args:
            rows: one for each number in `share(count)`, on any device.
            count: of all rows.
        """
        if self.world_size == 1:
            return rows
        most = -(-count // self.world_size)
        padded = rows.new_zeros((most, *rows.shape[1:]), device=self._exchange)
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.world_size)]
        torch_distributed.all_gather(parts, padded)
        return torch.stack(parts, dim=1).flatten(0, 1)[:count].to(rows.device)

    def add_up(self, values: Mapping[str, float]) -> dict[str, float]:
        """The sum of each value over the processes, by name; a process may lack some."""
        if self.world_size == 1:
            return dict(values)
        parts: list[Any] = [None] * self.world_size
        torch_distributed.all_gather_object(parts, dict(values))
        names = sorted({name for part in parts for name in part})
        return {name: sum(part.get(name, 0.0) for part in parts) for name in names}

    @property
    def _exchange(self) -> torch.device:
        """Where the backend exchanges tensors: NCCL on GPUs, Gloo on the CPU."""
        return self.device if self.device.type == "cuda" else torch.device("cpu")


def single_process(device: torch.device) -> Processes:
    """One process that trains alone."""
    return Processes(0, 1, device)
