"""A stand-in for a CUDA graph on a CPU: operations are noted with the memory they read and write, and done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
ALLOCATE_ONLY = {aten.empty.memory_format, aten.empty_like.default, aten.new_empty.default, aten.empty_strided.default}
READ_BY_HOST = {aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default}


class RecordedOperations:
    """Like a CUDA graph it does nothing while it records, reads the same memory at each replay, and cannot be recorded
    where the host looks at a value.

    Args:
        touched: gives the tensors that recording must leave as they are.
    """

    def __init__(self, touched: Callable[[], Sequence[Tensor]]) -> None:
        self._touched = touched
        self._noted: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.replays = 0

    @contextmanager
    def recording(self) -> Iterator[None]:
        before = [(tensor, tensor.clone()) for tensor in self._touched()]
        try:
            with _Noting(self._noted):
                yield
        finally:
            for tensor, value in before:
                tensor.data.copy_(value)  # unseen by the record of versions that autograd keeps

    @torch.no_grad()
    def replay(self) -> None:
        self.replays += 1
        for operation, arguments, named, places in self._noted:
            results = [leaf for leaf in tree_leaves(operation(*arguments, **named)) if isinstance(leaf, Tensor)]
            inputs = {_memory(leaf) for leaf in tree_leaves((arguments, named)) if isinstance(leaf, Tensor)}
            for place, result in zip(places, results, strict=True):
                if _memory(place) not in inputs:
                    place.copy_(result)


class _Noting(TorchDispatchMode):
    def __init__(self, noted: list[tuple[Any, Any, Any, list[Tensor]]]) -> None:
        super().__init__()
        self._noted = noted

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if operation in READ_BY_HOST:
            raise RuntimeError("operation not permitted when stream is capturing")
        result = operation(*args, **(kwargs or {}))
        places = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        if operation in ALLOCATE_ONLY:
            for place in places:
                place.zero_()  # operations are done while they are noted, so they need numbers that can be used
        else:
            self._noted.append((operation, args, kwargs or {}, places))
        return result


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
