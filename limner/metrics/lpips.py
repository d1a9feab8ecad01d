"""LPIPS, a distance between pictures as people see it, when the weights of its AlexNet are on this machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from limner.errors import WeightsError
from limner.weights.pretrained import WeightsFile, find_weights, locate
from limner.weights.safe_load import load_tensors

NAME = "alexnet"
"""The entry of the weights in `limner.weights.pretrained`."""
SMALLEST = 32
"""Least height and width in pixels: AlexNet halves a picture until nothing is left of a smaller one."""


class Lpips:
    """Learned perceptual image patch similarity (Zhang et al. 2018, arXiv:1801.03924), version 0.1, AlexNet.

    Torchmetrics' network with its linear heads; the AlexNet below them is read from a file, never downloaded here.

    Attributes:
        weights: the file, its hash, and whether it is the reference: every LPIPS made here should carry it.

    Raises:
        WeightsError: the file does not hold torchvision's AlexNet.
    """

    def __init__(self, weights: WeightsFile) -> None:
        self.weights = weights
        # Here and not above: importing torchmetrics takes seconds, and most machines have no weights for it.
        from torchmetrics.functional.image.lpips import _NoTrainLpips

        # There is no public way to make torchmetrics' LPIPS without a download of its own.
        self._network = _NoTrainLpips(net="alex", pnet_rand=True)
        features = {name: value for name, value in load_tensors(weights.path).items() if name.startswith("features.")}
        wanted = {_source_name(name): name for name in self._network.net.state_dict()}
        if features.keys() != wanted.keys():
            odd = min(features.keys() ^ wanted.keys())
            raise WeightsError(
                f"{weights.path} does not hold torchvision's AlexNet: '{odd}' is "
                f"{'missing' if odd in wanted else 'one too many'}.",
                "Use the official file, or remove this one.",
            )
        try:
            self._network.net.load_state_dict({wanted[name]: value for name, value in features.items()})
        except RuntimeError as error:
            raise WeightsError(
                f"{weights.path} does not hold torchvision's AlexNet: {str(error).splitlines()[-1].strip()}",
                "Use the official file, or remove this one.",
            ) from error

    @torch.no_grad()
    def __call__(self, generated: Tensor, real: Tensor) -> Tensor:
        """Distance of each pair, (N,), on the pictures' device.

        Args:
            generated: (N, 3, H, W) in [0, 1], H and W at least SMALLEST; a single channel stands for all three.
            real: the same shape.
        """
        network = self._network.to(generated.device)
        generated, real = (images.expand(-1, 3, -1, -1) for images in (generated, real))
        distance: Tensor = network(generated.float(), real.float(), normalize=True)
        return distance.flatten()


def is_there() -> bool:
    """Whether the weights lie on this machine; they are not read."""
    return locate(NAME) is not None


def lpips_if_there() -> Lpips | None:
    """The network when its weights lie on this machine, else None; never downloads. Read once for each file.

    Raises:
        WeightsError: the file is there but cannot be used. Call this before training to hear of it in time.
    """
    path = locate(NAME)
    return None if path is None else _lpips(path, path.stat().st_size, path.stat().st_mtime_ns)


# The size and the time are part of the key: a file that was replaced is read again.
@lru_cache(maxsize=1)
def _lpips(path: Path, _size: int, _changed: int) -> Lpips:
    return Lpips(find_weights(NAME, given=path))


def _source_name(name: str) -> str:
    """'slice2.3.weight' of torchmetrics' network -> 'features.3.weight' of torchvision's."""
    _, layer, kind = name.split(".")
    return f"features.{layer}.{kind}"
