"""Understand U-Net generators that the public PyTorch pix2pix code saved (`latest_net_G.pth`).

The layout is that of github.com/junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py: each level is a Sequential
inside the Sequential of the level around it, so the innermost convolution of unet_256 is called
`model.model.1.model.3.model.3.model.3.model.3.model.3.model.3.model.1`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from limner.config.data import UseSettings
from limner.config.networks import Norm, UNetSettings
from limner.networks.unet import UNet
from limner.weights.imported import STATISTICS, ImportedModel, Layout, imported_model, precision_note

FIRST = "model.model.0.weight"
"""The weight by which this layout is known: the outermost convolution."""


def unet_from(path: Path, weights: Mapping[str, Tensor]) -> ImportedModel:
    """Recognise the levels, width, channels and norm, and give the weights the names of limner's U-Net.

    Differences that change no picture: a convolution bias before a norm is taken off the norm's running mean (in use
    with the statistics of the picture at hand it cancels); missing encoder biases become zeros; running statistics of
    instance norm, which only old versions kept and the public code no longer reads, are dropped.

    Args:
        path: where the weights are from, for messages.
        weights: what the file holds, under its own names; FIRST is among them.

    Raises:
        WeightsError: they belong to another network; the message names the first weight that does not fit, and its
            shape.
    """
    layout = Layout(path, "U-Net", "Only the unchanged U-Net of the public pix2pix code can be imported.")
    levels = _find_levels(weights)
    settings = _recognise(layout, weights, levels)
    state, zeros = _rename(layout, _simplify(weights, levels, settings.norm), levels, settings)
    use = UseSettings(norm="batch", dropout=True)
    return imported_model(path, "pix2pix", settings, state, use, 2**settings.levels, _notes(settings, weights, zeros))


@dataclass(frozen=True)
class _Level:
    """Names in the file of one level's convolutions and norms; the outermost has no norms, the innermost one."""

    down: str
    up: str
    down_norm: str = ""
    up_norm: str = ""

    @property
    def norms(self) -> list[str]:
        return [name for name in (self.down_norm, self.up_norm) if name]


def _find_levels(weights: Mapping[str, Tensor]) -> list[_Level]:
    """The levels from the outermost to the innermost."""
    levels = [_Level(down=FIRST.removesuffix(".weight"), up="model.model.3")]
    inside = "model.model.1.model"
    while f"{inside}.5.weight" in weights:
        levels.append(_Level(f"{inside}.1", f"{inside}.5", f"{inside}.2", f"{inside}.6"))
        inside += ".3.model"
    levels.append(_Level(f"{inside}.1", f"{inside}.3", up_norm=f"{inside}.4"))
    return levels


def _recognise(layout: Layout, weights: Mapping[str, Tensor], levels: list[_Level]) -> UNetSettings:
    first, last = (
        layout.convolution(name, weights.get(name)) for name in (f"{levels[0].down}.weight", f"{levels[0].up}.weight")
    )
    with layout.buildable():
        return UNetSettings(
            levels=len(levels),
            base_channels=first.shape[0],
            in_channels=first.shape[1],
            out_channels=last.shape[1],
            norm=layout.norm(weights, [norm for level in levels for norm in level.norms], f"{levels[-1].up}.bias"),
            # models/networks.py, UnetGenerator: the blocks between the innermost and the one of width * 4.
            dropout_blocks=list(range(2, len(levels) - 3)),
        )


def _simplify(weights: Mapping[str, Tensor], levels: list[_Level], norm: Norm) -> dict[str, Tensor]:
    """The weights in float32, without what no picture depends on: see `unet_from`."""
    plain = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    for level in levels:
        for convolution, follower in ((level.down, level.down_norm), (level.up, level.up_norm)):
            if not follower or norm == "none":
                continue
            bias = plain.pop(f"{convolution}.bias", None)
            mean = plain.get(f"{follower}.running_mean")
            if bias is not None and mean is not None and bias.shape == mean.shape:
                plain[f"{follower}.running_mean"] = mean - bias
            if norm == "instance":
                for kind in STATISTICS:
                    plain.pop(f"{follower}.{kind}", None)
    return plain


def _rename(
    layout: Layout, plain: Mapping[str, Tensor], levels: list[_Level], settings: UNetSettings
) -> tuple[dict[str, Tensor], int]:
    """The state under limner's names, and how many biases were missing and became zeros."""
    with torch.device("meta"):
        network = UNet(settings)
    sources = dict(_sources(network, levels))
    state: dict[str, Tensor] = {}
    zeros, left = 0, dict(plain)
    for name, wanted in network.state_dict().items():
        module, _, kind = name.rpartition(".")
        source = f"{sources[module]}.{kind}"
        optional = kind == "num_batches_tracked" or (
            kind == "bias" and not isinstance(network.get_submodule(module), nn.BatchNorm2d)
        )
        if source not in plain and optional:
            state[name] = torch.zeros(wanted.shape, dtype=wanted.dtype)
            zeros += kind == "bias"
            continue
        state[name] = layout.fitting(source, left.pop(source, None), wanted)
    layout.nothing_left(left, f"U-Net of {settings.levels} levels and {settings.norm} norm")
    return state, zeros


def _sources(network: UNet, levels: list[_Level]) -> Iterator[tuple[str, str]]:
    """Each convolution and norm of limner's U-Net, and its name in the file."""
    halves = (("encoder", network.encoder, levels), ("decoder", network.decoder, levels[::-1]))
    for half, blocks, along in halves:
        for number, (block, level) in enumerate(zip(blocks, along, strict=True)):
            for name, module in block.named_children():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    yield f"{half}.{number}.{name}", level.down if half == "encoder" else level.up
                elif isinstance(module, nn.BatchNorm2d):
                    yield f"{half}.{number}.{name}", level.down_norm if half == "encoder" else level.up_norm


def _notes(settings: UNetSettings, weights: Mapping[str, Tensor], zeros: int) -> tuple[str, ...]:
    blocks = ", ".join(map(str, settings.dropout_blocks)) or "none"
    notes = [
        f"U-Net of {settings.levels} levels, {settings.base_channels} base channels, {settings.in_channels} to "
        f"{settings.out_channels} channels, {settings.norm} norm, for {2**settings.levels} px and multiples",
        f"dropout in decoder blocks {blocks} from the innermost, as the public code trains; the file does not say",
    ]
    if zeros:
        notes.append(f"{zeros} biases that the file lacks are zero")
    return (*notes, *precision_note(weights[FIRST]))
