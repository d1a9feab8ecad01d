"""The generator that a model's settings describe, with the model's weights in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from limner.config.networks import GeneratorSettings
from limner.errors import WeightsError
from limner.networks import build
from limner.weights.model_file import ModelCard


def network_of(card: ModelCard, state: Mapping[str, Tensor], device: torch.device) -> nn.Module:
    """Build the generator on the device, ready to run as it was trained.

    Args:
        card: the settings, and whether batch norm uses the statistics of the picture at hand.
        state: the weights by name.

    Raises:
        WeightsError: the weights belong to another network. Found out before the network takes any memory: settings of
            a few bytes may describe one of any size, weights only what their file holds.
    """
    _check_shapes(state, card.generator)
    with torch.random.fork_rng(devices=[]):
        network = build(card.generator)
    network.load_state_dict(state)
    network.to(device).eval().requires_grad_(False)
    # Batch norm as in training, while dropout layers stay in evaluation mode: `dropout` draws for them.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(card.use.norm == "batch")
    return network


def _check_shapes(state: Mapping[str, Tensor], settings: GeneratorSettings) -> None:
    with torch.device("meta"), _Undrawn():
        wanted = {name: tuple(tensor.shape) for name, tensor in build(settings).state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in [*wanted, *found]:
        if found.get(name) != wanted.get(name):
            raise WeightsError(
                "The weights do not belong to the network that the settings describe: "
                f"{name} is {found.get(name, 'missing')}, the settings say {wanted.get(name, 'nothing of it')}.",
                "copy the model file, or the whole run folder, again from where it was made",
            )


class _Undrawn(TorchFunctionMode):
    """Initial weights are not drawn, and constants stay on the CPU.

    To draw or compute anything on the meta device torch first imports its compiler: seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (nn.init.normal_, Tensor.normal_):
            return None
        return func(*args, **{**(kwargs or {}), **({"device": "cpu"} if func is torch.tensor else {})})
