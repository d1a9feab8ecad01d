"""A moving average of the model's weights: often a better model than the weights of any one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor

from limner.methods.method import Method
from limner.runs.checkpoint import MODEL_PREFIX


class EMA:
    """Exponential moving average of the parameters of a method's model, warmed up as in TensorFlow's
    ExponentialMovingAverage: the decay at update n is min(decay, (1 + n) / (10 + n)).

    Args:
        method: its model is copied as it is now.
        decay: in (0, 1), such as 0.999.
        updates: number of updates already done, when a run is resumed.
    """

    def __init__(self, method: Method, decay: float, updates: int = 0) -> None:
        self.decay = decay
        self.updates = updates
        self._model = deepcopy(method.model).requires_grad_(False)

    @torch.no_grad()
    def update(self, method: Method) -> None:
        """Move the average towards the model's present weights; buffers are copied."""
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(list(self._model.parameters()), list(method.model.parameters()), weight)
        if buffers := list(self._model.buffers()):
            torch._foreach_copy_(buffers, list(method.model.buffers()))

    @contextmanager
    def in_place_of(self, method: Method) -> Iterator[None]:
        """Inside, the method has the averaged model."""
        raw, method.model = method.model, self._model
        try:
            yield
        finally:
            method.model = raw

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights under the names that they have in the method's own state."""
        return {MODEL_PREFIX + name: value for name, value in self._model.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights that `state_dict` gave."""
        self._model.load_state_dict({name.removeprefix(MODEL_PREFIX): value for name, value in state.items()})
