"""What the data room hands to a method: a named bundle of tensors with one picture per row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Base of all batches: every field is a tensor whose first dimension counts pictures.

    Pictures travel as uint8 in 0..255 (N, C, H, W), the smallest form; `on` is the one place that turns them into
    floats in [-1, 1].
    """

    def on(self, device: torch.device) -> Self:
        """The batch on a device, its pictures as float32 in [-1, 1]."""
        return self._map(lambda tensor: to_range(tensor.to(device, non_blocking=True)))

    def to(self, device: torch.device) -> Self:
        """A copy on a device, its pictures still as bytes."""
        return self._map(lambda tensor: tensor.to(device, copy=True))

    def overwrite(self, other: Self) -> None:
        """Put the contents of another batch of the same shapes into the memory of this one."""
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine.copy_(theirs, non_blocking=True)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of every field."""
        return tuple(tuple(tensor.shape) for tensor in self._tensors())

    def part(self, start: int, stop: int) -> Self:
        """Rows start..stop-1 of every field."""
        return self._map(lambda tensor: tensor[start:stop])

    def __len__(self) -> int:
        return len(next(self._tensors()))

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(self, **{field.name: change(getattr(self, field.name)) for field in fields(self)})

    def _tensors(self) -> Iterator[Tensor]:
        return (getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class PairedBatch(Batch):
    """Pictures and what they should become, (N, C, H, W) each, aligned pixel by pixel."""

    input: Tensor
    target: Tensor


@dataclass(frozen=True)
class DomainBatch(Batch):
    """Pictures of two domains, (N, C, H, W) each; row i of both belongs together only where the data is paired."""

    a: Tensor
    b: Tensor


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Pictures, (N, C, H, W), and the number of each one's class, int64 (N,)."""

    image: Tensor
    label: Tensor


@dataclass(frozen=True)
class ImageBatch(Batch):
    """Pictures, (N, C, H, W)."""

    image: Tensor


def to_range(images: Tensor) -> Tensor:
    """uint8 pictures in 0..255 become float32 in [-1, 1]; any other tensor (labels, say) passes unchanged."""
    return images.float().div_(127.5).sub_(1.0) if images.dtype == torch.uint8 else images


def to_bytes(images: Tensor) -> Tensor:
    """Float pictures in [-1, 1] become uint8 in 0..255: clipped, rounded to nearest."""
    return images.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
