"""How a trained model is run: one function for validation, samples, loading, export and use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from limner.config.data import UseSettings
from limner.data.batch import to_bytes
from limner.models.model import ImageGenerator
from limner.random import Draw, seed_for, seed_for_image

AT_ONCE = 64
"""Images that a generator makes together."""
DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
"""Layers whose dropout stays on at use where the recipe says so. Functional dropout is off then: nobody can key it."""


@contextmanager
def running(module: nn.Module, use: UseSettings, seed: int | None = None) -> Iterator[None]:
    """Inside, a model (or a whole method) runs as its recipe's `use` says; afterwards it is as it was.

    Evaluation mode, except that batch norm takes the statistics of the image at hand where `use.norm` is "batch". In
    float32 whatever training used, so that it is the same on every machine. Without gradients. Modes, and the values of
    all buffers, are put back.

    Args:
        module: the model, or the method that has it.
        use: norm statistics and dropout.
        seed: of dropout's own numbers; None, or `use.dropout` false, leaves dropout off. See `noise_seed`.
    """
    modes = [(each, each.training) for each in module.modules()]
    module.eval()
    for each, _ in modes:
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            each.training = use.norm == "batch"
    device = next(module.parameters()).device.type
    try:
        with (
            torch.no_grad(),
            torch.autocast(device, enabled=False),
            unchanged_buffers(module),
            dropout_noise(module, seed if use.dropout else None),
        ):
            yield
    finally:
        for each, mode in modes:
            each.training = mode


def noise_seed(image: Tensor, seed: int, sample: int = 0) -> int:
    """The seed of dropout for one image: keyed by what it shows, whatever else is run beside it.

    Args:
        image: (C, H, W) in [-1, 1].
        seed: the user's, or the run's.
        sample: number of the sample, from 0.
    """
    content = to_bytes(image).cpu().numpy()
    return seed_for_image(content.tobytes(), seed, sample, *content.shape)


@contextmanager
def dropout_noise(module: nn.Module, seed: int | None) -> Iterator[None]:
    """Inside, dropout layers, which must be in evaluation mode, drop by numbers of their own; None leaves them off.

    Numbers are drawn on the CPU, so every device sees the same ones.
    """
    if seed is None:
        yield
        return
    generator = torch.Generator().manual_seed(seed)

    def drop(layer: nn.Module, _: Any, output: Tensor) -> Tensor:
        keep = 1 - float(layer.p)  # type: ignore[arg-type]
        whole = isinstance(layer, nn.Dropout)
        shape = output.shape if whole else (*output.shape[:2], *(1 for _ in output.shape[2:]))  # else whole channels
        return output * (torch.rand(shape, generator=generator) < keep).to(output).div_(keep)

    hooks = [layer.register_forward_hook(drop) for layer in module.modules() if isinstance(layer, DROPOUT)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def has_dropout(module: nn.Module) -> bool:
    """Whether it drops anything when dropout is on."""
    return any(isinstance(layer, DROPOUT) and layer.p > 0 for layer in module.modules())


@contextmanager
def unchanged_buffers(module: nn.Module) -> Iterator[None]:
    """Afterwards every buffer holds what it held before, changed in place, replaced or set for the first time: norm
    statistics, image pools, counters."""
    before = [
        (owner, dict(owner._buffers), {name: value.clone() for name, value in owner.named_buffers(recurse=False)})
        for owner in module.modules()
    ]
    try:
        yield
    finally:
        for owner, buffers, values in before:
            for name, value in values.items():
                buffer = buffers[name]
                assert buffer is not None
                with torch.inference_mode(buffer.is_inference()):  # elsewhere such a tensor may not change
                    buffer.copy_(value)
            owner._buffers.clear()
            owner._buffers.update(buffers)


def generate_as_used(
    model: ImageGenerator,
    n: int,
    labels: Tensor | None,
    use: UseSettings,
    seed: int,
    chunks: Iterable[int] | None = None,
) -> Iterator[Tensor]:
    """What a generator makes, chunk by chunk of at most AT_ONCE images, (N, C, H, W) in [-1, 1].

    Args:
        n: how many images in all.
        labels: the class of each, int64 (n,); None where it has no classes.
        use: how it is run.
        seed: the same seed and n give the same images.
        chunks: numbers of those that are wanted; all by default.
    """
    device = next(model.parameters()).device
    for chunk in range(-(-n // AT_ONCE)) if chunks is None else chunks:
        start, stop = chunk * AT_ONCE, min((chunk + 1) * AT_ONCE, n)
        some = None if labels is None else labels[start:stop].to(device)
        with running(model, use, seed_for(seed, "dropout", chunk)):
            yield model.generate(stop - start, some, Draw(seed_for(seed, "generate", chunk), device))
