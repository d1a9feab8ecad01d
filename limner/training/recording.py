"""A training step as a recording: the work of each of its stretches as one graph, and what to put in place before."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from limner.data.batch import Batch
from limner.random import Draw
from limner.training.engine import Values

Seeds = Callable[..., int]
"""(use, step, ...) -> seed of that use of random numbers."""


class Graph(Protocol):
    """Work on a device that is recorded once and replayed as a whole, on the same memory."""

    def recording(self) -> AbstractContextManager[None]:
        """Inside, work is recorded and not done."""

    def replay(self) -> None:
        """Do the work."""


def cuda_graphs() -> Callable[[], Graph]:
    """A maker of CUDA graphs that share one pool of memory, so they must be replayed in the order of recording."""
    return partial(_CudaGraph, torch.cuda.graph_pool_handle())


class _CudaGraph:
    def __init__(self, pool: Any) -> None:
        self._graph, self._pool = torch.cuda.CUDAGraph(), pool

    @contextmanager
    def recording(self) -> Iterator[None]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The CUDA Graph is empty")  # as where a method shares nothing
            # Other threads prepare batches meanwhile: what they do is none of this graph's business.
            with torch.cuda.graph(self._graph, pool=self._pool, capture_error_mode="thread_local"):
                yield

    def replay(self) -> None:
        self._graph.replay()


class Recording:
    """One step: its batches, its stretches between one seeding of the random numbers and the next, and its values.

    Args:
        batches: the batches of the step that is recorded; later ones are written over them.
        device: where the work is done.
        make_graph: gives an empty graph.
    """

    def __init__(self, batches: Sequence[Batch], device: torch.device, make_graph: Callable[[], Graph]) -> None:
        self.batches = [batch.to(device) for batch in batches]
        self._device, self._make_graph = device, make_graph
        self._stretches: list[_Stretch] = []
        self._open = ExitStack()
        self._names: list[str] = []
        self._values: Tensor | None = None

    def record(self, take_step: Callable[[], Values]) -> None:
        """Record what `take_step` does; it must call `cut` wherever the engine seeds the random numbers."""
        with self._open:
            self._begin(_Stretch(self._make_graph()))
            values = take_step()
            self._names = list(values)
            self._values = torch.stack([value.float() for value in values.values()])

    def cut(self, use: str, key: Sequence[int]) -> Draw:
        """End a stretch, and begin one with random numbers of its own; `key` is what follows the step in their key."""
        self._open.close()
        draw = _RepeatedDraw(self._device)
        self._begin(_Stretch(self._make_graph(), use, tuple(key), draw))
        return draw

    def replay(self, step: int, batches: Sequence[Batch], seeds: Seeds) -> Values:
        """Take a step on other batches of the same shapes; its values stay when the next step is taken."""
        for mine, theirs in zip(self.batches, batches, strict=True):
            mine.overwrite(theirs)
        for stretch in self._stretches:
            stretch.replay(step, seeds)
        assert self._values is not None
        return dict(zip(self._names, self._values.clone().unbind(), strict=True))

    def _begin(self, stretch: _Stretch) -> None:
        self._stretches.append(stretch)
        self._open.enter_context(stretch.graph.recording())


class _Stretch:
    """What happens between one seeding of the random numbers and the next."""

    def __init__(
        self, graph: Graph, use: str = "", key: tuple[int, ...] = (), draw: _RepeatedDraw | None = None
    ) -> None:
        self.graph, self._use, self._key, self._draw = graph, use, key, draw

    def replay(self, step: int, seeds: Seeds) -> None:
        if self._draw is not None:
            seed = seeds(self._use, step, *self._key)
            torch.manual_seed(seed)
            self._draw.again(seed)
        self.graph.replay()


class _RepeatedDraw(Draw):
    """Draws into tensors that a graph reads: not while it is recorded, but before each replay."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(0, device)  # while recording only the shapes of the numbers count
        self._drawn: list[tuple[Callable[[torch.Generator], Tensor], bool, Tensor]] = []

    def again(self, seed: int) -> None:
        """Draw the same kinds of numbers in the same order from another seed."""
        draw = Draw(seed, self._device)
        for make, on_device, place in self._drawn:
            place.copy_(draw._hand(make, on_device))

    def _hand(self, make: Callable[[torch.Generator], Tensor], on_device: bool) -> Tensor:
        # On the CPU whatever is asked: work on the device would be recorded.
        numbers = make(self._generator(on_device=False))
        place = torch.empty(numbers.shape, dtype=numbers.dtype, device=self._device)
        self._drawn.append((make, on_device, place))
        return place
