"""Read U-Net generators that the public PyTorch pix2pix code saved (`latest_net_G.pth`).

The layout is that of github.com/junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py: each level is a Sequential
inside the Sequential of the level around it, so the innermost convolution of unet_256 is called
`model.model.1.model.3.model.3.model.3.model.3.model.3.model.3.model.1`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from limner.config.data import UseSettings
from limner.config.networks import Norm, UNetSettings
from limner.errors import WeightsError
from limner.networks.unet import UNet
from limner.weights.model_file import ModelCard
from limner.weights.safe_load import load_tensors


@dataclass(frozen=True)
class ImportedModel:
    """A generator in limner's own form.

    Attributes:
        card: what the model file will say of it.
        state: state of the U-Net that `card.generator` describes, float32.
        notes: what was recognised and what was assumed, one sentence each.
    """

    card: ModelCard
    state: dict[str, Tensor]
    notes: tuple[str, ...]


def read_public_pix2pix(path: Path) -> ImportedModel:
    """Recognise the file's levels, width, channels and norm, and give its weights the names of limner's U-Net.

    Differences that change no picture: a convolution bias before a norm is taken off the norm's running mean (in use
    with the statistics of the picture at hand it cancels); missing encoder biases become zeros; running statistics of
    instance norm, which only old versions kept and the public code no longer reads, are dropped.

    Raises:
        WeightsError: the file is unsafe or damaged (see `load_tensors`), or belongs to another network; the message
            names the first weight that does not fit, and its shape.
    """
    weights = {name.removeprefix("module."): tensor for name, tensor in load_tensors(path).items()}
    levels = _find_levels(path, weights)
    settings = _recognise(path, weights, levels)
    state, zeros = _rename(path, _simplify(weights, levels, settings.norm), levels, settings)
    return ImportedModel(
        card=ModelCard(
            generator=settings,
            use=UseSettings(norm="batch", dropout=True),
            size=2**settings.levels,
            trained_on=f"pictures unknown to limner (imported from {path.name})",
        ),
        state=state,
        notes=_notes(settings, weights, zeros),
    )


_UNCHANGED_ONLY = "Only the unchanged U-Net of the public pix2pix code can be imported."


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


def _find_levels(path: Path, weights: Mapping[str, Tensor]) -> list[_Level]:
    """The levels from the outermost to the innermost."""
    levels = [_Level(down="model.model.0", up="model.model.3")]
    if "model.model.0.weight" not in weights:
        raise _another_network(path, weights)
    inside = "model.model.1.model"
    while f"{inside}.5.weight" in weights:
        levels.append(_Level(f"{inside}.1", f"{inside}.5", f"{inside}.2", f"{inside}.6"))
        inside += ".3.model"
    levels.append(_Level(f"{inside}.1", f"{inside}.3", up_norm=f"{inside}.4"))
    return levels


def _another_network(path: Path, weights: Mapping[str, Tensor]) -> WeightsError:
    names = list(weights)
    looks = ""
    if any(".conv_block." in name for name in names):
        looks = " It looks like a ResNet generator (CycleGAN)."
    elif "model.0.weight" in weights:
        looks = " It looks like a discriminator (latest_net_D.pth)."
    return WeightsError(
        f"{path} is no U-Net generator of the public pix2pix code: it has '{names[0]}' ({_shape(weights[names[0]])}) "
        f"but no 'model.model.0.weight'.{looks}",
        "Give the latest_net_G.pth of a model trained with --netG unet_256 or unet_128.",
    )


def _recognise(path: Path, weights: Mapping[str, Tensor], levels: list[_Level]) -> UNetSettings:
    first, last = _weight(path, weights, levels[0].down), _weight(path, weights, levels[0].up)
    try:
        return UNetSettings(
            levels=len(levels),
            width=first.shape[0],
            in_channels=first.shape[1],
            out_channels=last.shape[1],
            norm=_recognise_norm(path, weights, levels),
            # models/networks.py, UnetGenerator: the blocks between the innermost and the one of width * 4.
            dropout_blocks=list(range(2, len(levels) - 3)),
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise WeightsError(
            f"{path} holds a U-Net that cannot be built: {problem['loc'][0]} is {problem['input']}. {problem['msg']}.",
            "Check that the file is whole and from the public pix2pix code.",
        ) from error


def _recognise_norm(path: Path, weights: Mapping[str, Tensor], levels: list[_Level]) -> Norm:
    norms = [norm for level in levels for norm in level.norms]
    scaled = [f"{norm}.weight" in weights for norm in norms]
    remembers = [f"{norm}.running_mean" in weights for norm in norms]
    if any(scaled) and any(remembers):
        return "batch"
    if any(scaled):
        name = f"{norms[scaled.index(True)]}.weight"
        raise WeightsError(
            f"{path} has norms with a scale but no running statistics ('{name}', {_shape(weights[name])}): neither "
            "batch norm nor the instance norm of the public code.",
            _UNCHANGED_ONLY,
        )
    # Without scales the file holds no norm at all, but the public code gives its convolutions a bias before instance
    # norm only.
    return "instance" if any(remembers) or f"{levels[-1].up}.bias" in weights else "none"


def _simplify(weights: Mapping[str, Tensor], levels: list[_Level], norm: Norm) -> dict[str, Tensor]:
    """The weights in float32, without what no picture depends on: see `read_public_pix2pix`."""
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
                for kind in ("running_mean", "running_var", "num_batches_tracked"):
                    plain.pop(f"{follower}.{kind}", None)
    return plain


def _rename(
    path: Path, plain: Mapping[str, Tensor], levels: list[_Level], settings: UNetSettings
) -> tuple[dict[str, Tensor], int]:
    """The state under limner's names, and how many biases were missing and became zeros."""
    with torch.device("meta"):
        network = UNet(**settings.model_dump(exclude={"kind"}))
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
        state[name] = _fitting(path, source, left.pop(source, None), wanted).to(wanted.dtype).contiguous()
    if left:
        name, tensor = next(iter(left.items()))
        raise WeightsError(
            f"{path} has '{name}' ({_shape(tensor)}), which no U-Net of {settings.levels} levels and {settings.norm} "
            "norm has.",
            _UNCHANGED_ONLY,
        )
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


def _fitting(path: Path, source: str, found: Tensor | None, wanted: Tensor) -> Tensor:
    if found is None:
        raise WeightsError(f"{path} lacks '{source}' ({_shape(wanted)}).", _UNCHANGED_ONLY)
    if found.shape != wanted.shape:
        raise WeightsError(
            f"{path}: '{source}' is {_shape(found)}, but the U-Net that its first layer announces has {_shape(wanted)} "
            "there.",
            _UNCHANGED_ONLY,
        )
    if not found.isfinite().all():
        raise WeightsError(
            f"{path}: '{source}' holds infinite values or NaN.", "The training diverged: take an earlier checkpoint."
        )
    return found


def _weight(path: Path, weights: Mapping[str, Tensor], module: str) -> Tensor:
    name = f"{module}.weight"
    if name not in weights:
        raise WeightsError(f"{path} lacks '{name}'.", _UNCHANGED_ONLY)
    if weights[name].ndim != 4:
        raise WeightsError(f"{path}: '{name}' is {_shape(weights[name])}, not a convolution.", _UNCHANGED_ONLY)
    return weights[name]


def _notes(settings: UNetSettings, weights: Mapping[str, Tensor], zeros: int) -> tuple[str, ...]:
    blocks = ", ".join(map(str, settings.dropout_blocks)) or "none"
    first = next(iter(weights.values()))
    notes = [
        f"U-Net of {settings.levels} levels, width {settings.width}, {settings.in_channels} to {settings.out_channels} "
        f"channels, {settings.norm} norm, for pictures of {2**settings.levels} px and multiples",
        f"dropout in decoder blocks {blocks} from the innermost, as the public code trains; the file does not say",
    ]
    if zeros:
        notes.append(f"{zeros} biases that the file lacks are zero")
    if first.dtype != torch.float32:
        notes.append(f"stored as {str(first.dtype).removeprefix('torch.')}, converted to float32")
    return tuple(notes)


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
