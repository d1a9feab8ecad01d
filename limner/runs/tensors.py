"""What checkpoint files hold: weights as safetensors, optimisers as PyTorch saves them; no code in them ever runs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from limner.errors import CheckpointError


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors of any device and layout as a safetensors file. Tensors that share memory are written one by one."""
    return safetensors.torch.save(_apart(tensors))


def tensors_from(content: bytes, name: str = "weights") -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        CheckpointError: it is no safetensors file; `name` says which in the message.
    """
    try:
        return safetensors.torch.load(content)
    except Exception as error:
        raise CheckpointError(
            f"{name} is not a readable safetensors file: {error}.", "use another checkpoint"
        ) from error


def optimiser_to_bytes(state: Mapping[str, Any]) -> bytes:
    """An optimiser's `state_dict()` as `torch.save` writes it."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()


def optimiser_from(content: bytes, name: str = "optimiser") -> dict[str, Any]:
    """The state of an optimiser, on the CPU. Only tensors and plain values are accepted: nothing in it can run.

    Raises:
        CheckpointError: it is no such file, or holds anything else; `name` says which in the message.
    """
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{name} is refused: it is damaged, or holds something else than an optimiser's numbers. Nothing was run.",
            "use another checkpoint, and mind where this one came from",
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{name} holds no optimiser, but a {type(state).__name__}.", "use another checkpoint")
    return state


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors on the CPU of which no two share memory, as safetensors asks."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        storage = plain.untyped_storage().data_ptr()
        apart[name] = plain.clone() if storage in seen else plain
        seen.add(storage)
    return apart
