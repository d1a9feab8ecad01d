"""Understand ResNet generators that the public code of CycleGAN and CUT saved.

Such files are called `latest_net_G_A.pth` or `horse2zebra.pth` (CycleGAN) and `latest_net_G.pth` (CUT). The layout is
that of models/networks.py in github.com/junyanz/pytorch-CycleGAN-and-pix2pix and github.com/taesungp/
contrastive-unpaired-translation: one Sequential `model` of padding, convolutions, norms, ReLUs and blocks, whose
numbers are the names. CUT has one more layer at each change of size, with its blur as a buffer `filt`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from limner.config.data import UseSettings
from limner.config.networks import ResNetSettings
from limner.errors import WeightsError
from limner.networks.resnet import ResNetGenerator
from limner.weights.imported import STATISTICS, ImportedModel, Layout, imported_model, precision_note

FIRST = "model.1.weight"
"""The weight by which this layout is known: the first convolution."""


def resnet_from(path: Path, weights: Mapping[str, Tensor]) -> ImportedModel:
    """Recognise blocks, width, channels, sampling, norm and dropout, and give the weights the names of limner's ResNet.

    What changes no picture: running statistics of instance norm, which only old versions kept and the public code no
    longer reads, are dropped; CUT's blurs, which are always the same, are compared and dropped; without a norm the
    biases that the public code leaves out become zeros.

    Args:
        path: where the weights are from, for messages.
        weights: what the file holds, under its own names.

    Raises:
        WeightsError: they belong to another network; the message names the first weight that does not fit, and its
            shape.
    """
    layout = Layout(
        path,
        "ResNet",
        "Only the unchanged ResNets of the public CycleGAN and CUT code can be imported: --netG resnet_9blocks, "
        "resnet_6blocks or resnet_4blocks, blurred at every change of size (CUT) or at none (CycleGAN).",
    )
    first = layout.convolution(FIRST, weights.get(FIRST))
    places = _find_places(layout, weights)
    settings = _recognise(layout, weights, places, first)
    left = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    _take_blurs(layout, left, places, settings)
    old = _drop_statistics(left, places, settings)
    state, zeros = _rename(layout, left, places, settings)
    method = "cut" if places.blurs else "cyclegan"
    use = UseSettings(norm="batch", dropout=settings.dropout > 0)
    notes = [*_notes(settings, old, zeros), *precision_note(first)]
    return imported_model(path, method, settings, state, use, 256, notes)


@dataclass(frozen=True)
class _Places:
    """Where the file keeps things.

    Attributes:
        convolutions: names of the convolutions, from the first to the last.
        blurs: names of the blurs, two that halve and two that double; empty without.
        blocks: number of residual blocks.
        dropout: whether the blocks have a dropout layer.
    """

    convolutions: tuple[str, ...]
    blurs: tuple[str, ...]
    blocks: int
    dropout: bool

    @property
    def norms(self) -> list[str]:
        """Names of what follows each convolution but the last."""
        parts = [name.rpartition(".") for name in self.convolutions[:-1]]
        return [f"{parent}.{int(number) + 1}" for parent, _, number in parts]


def _find_places(layout: Layout, weights: Mapping[str, Tensor]) -> _Places:
    blurred = any(name.endswith(".filt") for name in weights)
    begin = 12 if "model.7.filt" in weights else 10
    end = begin
    while f"model.{end}.conv_block.1.weight" in weights:
        end += 1
    if end == begin:
        raise WeightsError(f"{layout.path} lacks 'model.{begin}.conv_block.1.weight'.", layout.tip)
    # The second convolution is 5, or 6 behind a dropout layer; 6 is also a batch norm behind 5.
    second = [number for number in (5, 6) if f"model.{begin}.conv_block.{number}.weight" in weights]
    dropout = second == [6]
    inside = [f"{block}.conv_block.{number}" for block in range(begin, end) for number in (1, 6 if dropout else 5)]
    if blurred:
        numbers, blurs = [1, 4, 8, *inside, end + 1, end + 5, end + 9], [7, 11, end, end + 4]
    else:
        numbers, blurs = [1, 4, 7, *inside, end, end + 3, end + 7], []
    missing = [f"model.{number}.filt" for number in blurs if f"model.{number}.filt" not in weights]
    if missing:
        raise WeightsError(f"{layout.path} lacks '{missing[0]}', though it has other blurs of CUT.", layout.tip)
    return _Places(
        convolutions=tuple(f"model.{number}" for number in numbers),
        blurs=tuple(f"model.{number}.filt" for number in blurs),
        blocks=end - begin,
        dropout=dropout,
    )


def _recognise(layout: Layout, weights: Mapping[str, Tensor], places: _Places, first: Tensor) -> ResNetSettings:
    end = f"{places.convolutions[-1]}.weight"
    last = layout.convolution(end, weights.get(end))
    with layout.buildable():
        return ResNetSettings(
            blocks=places.blocks,
            base_channels=first.shape[0],
            sampling="antialiased" if places.blurs else "strided",
            in_channels=first.shape[1],
            out_channels=last.shape[0],
            norm=layout.norm(weights, places.norms, FIRST.replace("weight", "bias")),
            dropout=0.5 if places.dropout else 0.0,
        )


def _take_blurs(layout: Layout, left: dict[str, Tensor], places: _Places, settings: ResNetSettings) -> None:
    """Compare the file's blurs with those that limner computes, and take them out of `left`."""
    down, up = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    for name, line, times in zip(places.blurs, (down, down, up, up), (2, 4, 4, 2), strict=False):
        wanted = torch.outer(line, line).expand(times * settings.base_channels, 1, -1, -1)
        found = layout.fitting(name, left.pop(name, None), wanted)
        if not torch.allclose(found, wanted, atol=1e-4):
            raise WeightsError(f"{layout.path}: '{name}' is not the blur of the public CUT code.", layout.tip)


def _drop_statistics(left: dict[str, Tensor], places: _Places, settings: ResNetSettings) -> bool:
    """Take what old instance norms remember out of `left`; whether there was any."""
    if settings.norm != "instance":
        return False
    dropped = [left.pop(f"{norm}.{kind}", None) is not None for norm in places.norms for kind in STATISTICS]
    return any(dropped)


def _rename(
    layout: Layout, left: dict[str, Tensor], places: _Places, settings: ResNetSettings
) -> tuple[dict[str, Tensor], int]:
    """The state under limner's names, and how many biases were missing and became zeros."""
    with torch.device("meta"):
        network = ResNetGenerator(settings)
    sources = dict(_sources(network, places))
    state: dict[str, Tensor] = {}
    zeros = 0
    for name, wanted in network.state_dict().items():
        module, _, kind = name.rpartition(".")
        source = f"{sources[module]}.{kind}"
        leaves_out = kind == "bias" and settings.norm == "none" and sources[module] != places.convolutions[-1]
        if source not in left and (leaves_out or kind == "num_batches_tracked"):
            state[name] = torch.zeros(wanted.shape, dtype=wanted.dtype)
            zeros += leaves_out
            continue
        state[name] = layout.fitting(source, left.pop(source, None), wanted)
    layout.nothing_left(left, f"{settings.sampling} ResNet of {settings.blocks} blocks and {settings.norm} norm")
    return state, zeros


def _sources(network: ResNetGenerator, places: _Places) -> Iterator[tuple[str, str]]:
    """Each convolution and norm of limner's ResNet, and its name in the file."""
    convolutions, norms = iter(places.convolutions), iter(places.norms)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            yield name, next(convolutions)
        elif isinstance(module, nn.BatchNorm2d):
            yield name, next(norms)


def _notes(settings: ResNetSettings, old: bool, zeros: int) -> list[str]:
    notes = [
        f"ResNet of {settings.blocks} blocks, {settings.base_channels} base channels, {settings.in_channels} to "
        f"{settings.out_channels} channels, {settings.norm} norm, {settings.sampling} sampling",
        "training size taken to be 256 px, as the public code trains; the file does not say",
    ]
    if settings.dropout:
        notes.append("dropout of 0.5 in the blocks, on at use as the public code tests; the file shows only the layers")
    if old:
        notes.append("running statistics of instance norm are dropped, as the public code does")
    if zeros:
        notes.append(f"{zeros} biases that the file lacks are zero")
    return notes
