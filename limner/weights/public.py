"""Read generators of the public PyTorch code of pix2pix, CycleGAN and CUT, whichever of them a file holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from limner.errors import WeightsError
from limner.weights import public_pix2pix, public_resnet
from limner.weights.imported import ImportedModel, shape
from limner.weights.safe_load import load_tensors


def read_public(path: Path) -> ImportedModel:
    """Recognise the layout of a saved generator by its names, and turn it into limner's network.

    Raises:
        WeightsError: the file is unsafe or damaged (see `load_tensors`), or belongs to another network; the message
            names the first weight that does not fit, and its shape.
    """
    weights = {name.removeprefix("module."): tensor for name, tensor in load_tensors(path).items()}
    if public_pix2pix.FIRST in weights:
        return public_pix2pix.unet_from(path, weights)
    if public_resnet.FIRST in weights or any(".conv_block." in name for name in weights):
        return public_resnet.resnet_from(path, weights)
    raise _another_network(path, weights)


def _another_network(path: Path, weights: Mapping[str, Tensor]) -> WeightsError:
    name, tensor = next(iter(weights.items()))
    looks = ""
    if "model.0.weight" in weights or "net.0.weight" in weights:
        looks = " It looks like a discriminator (latest_net_D.pth)."
    elif "mlp_0.0.weight" in weights:
        looks = " It looks like the patch heads of CUT (latest_net_F.pth)."
    return WeightsError(
        f"{path} is no generator of the public pix2pix, CycleGAN or CUT code: it has '{name}' ({shape(tensor)}), but "
        f"neither '{public_pix2pix.FIRST}' (a U-Net) nor '{public_resnet.FIRST}' (a ResNet).{looks}",
        "Give the latest_net_G.pth (CycleGAN: latest_net_G_A.pth or latest_net_G_B.pth) of a model trained with --netG "
        "unet_256, unet_128, resnet_9blocks, resnet_6blocks or resnet_4blocks.",
    )
