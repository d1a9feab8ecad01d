"""A moving average of a method's weights, used in their place to validate, to sample and in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn

from limner.methods.method import Method


class EMA:
    """Exponential moving average of the networks that the method names as its `translators`.

    The decay warms up as min(decay, (1 + n) / (10 + n)) after n updates, so that short runs are not held back by their
    initial weights (as in TensorFlow's ExponentialMovingAverage). Not torch.optim.swa_utils.AveragedModel, whose
    update asks the device whether it is the first one and so makes the host wait at every step.

    Args:
        method: its networks are copied as they are now.
        decay: in (0, 1), such as 0.999.
        updates: number of updates already done, when a run is resumed.
    """

    def __init__(self, method: Method, decay: float, updates: int = 0) -> None:
        self.decay = decay
        self.updates = updates
        self._networks: dict[str, nn.Module] = {name: deepcopy(getattr(method, name)) for name in method.translators}
        for network in self._networks.values():
            network.requires_grad_(False)

    @torch.no_grad()
    def update(self, method: Method) -> None:
        """Move the averages towards the method's present weights; buffers are copied."""
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, network in self._networks.items():
            source: nn.Module = getattr(method, name)
            torch._foreach_lerp_(list(network.parameters()), list(source.parameters()), weight)
            if buffers := list(network.buffers()):
                torch._foreach_copy_(buffers, list(source.buffers()))

    @contextmanager
    def in_place_of(self, method: Method) -> Iterator[None]:
        """Inside, the method runs with the averaged networks."""
        raw = {name: getattr(method, name) for name in self._networks}
        for name, network in self._networks.items():
            network.train(raw[name].training)
            setattr(method, name, network)
        try:
            yield
        finally:
            for name, network in raw.items():
                setattr(method, name, network)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights under the names that they have in the method's own state."""
        return {
            f"{name}.{key}": value
            for name, network in self._networks.items()
            for key, value in network.state_dict().items()
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights that `state_dict` gave."""
        for name, network in self._networks.items():
            prefix = f"{name}."
            network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
