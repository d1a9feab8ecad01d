"""Which device a run uses, and how exactly it repeats there."""

from __future__ import annotations

import os

import torch

from limner.errors import RecipeError


def choose_device(name: str) -> torch.device:
    """The device of a recipe: `auto` takes the first GPU, else Apple's, else the CPU.

    Raises:
        RecipeError: the device named is not on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    present = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }[device.type]
    if (device.index or 0) >= present:
        raise RecipeError(
            f"device is '{name}', but this machine has {present or 'no'} such device", "set device=auto or device=cpu"
        )
    return device


def make_repeatable(device: torch.device) -> str | None:
    """Choose kernels that give the same bits every time, where there are such; returns what does not hold, in words.

    On CUDA the backward passes of reflection padding and of interpolation have no deterministic form: PyTorch warns
    and uses the other.
    """
    if device.type != "cuda":
        return None if device.type == "cpu" else f"{device.type} gives no promise of the same bits from run to run"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else matrix products may differ from run to run
    torch.backends.cudnn.benchmark = False
    # Or every empty tensor is filled before it is used, one more kernel each.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True, warn_only=True)
    return "on CUDA a few backward passes (reflection padding, interpolation) are not bit-exact from run to run"


def slow_precision(device: torch.device, precision: str) -> str | None:
    """What is unwise about a precision on a device, in words; None when nothing is."""
    if (
        precision != "bf16"
        or device.type != "cpu"
        or torch.backends.cpu.get_cpu_capability() not in ("DEFAULT", "AVX2")
    ):
        return None
    return (
        "this CPU has no bfloat16 instructions: precision=bf16 is emulated, about 40 times slower than precision=fp32"
    )
