"""Read a PyTorch file of weights without ever running what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from limner.errors import WeightsError


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a saved `state_dict()` (.pth, .pt), on the CPU.

    The file is a pickle, which may hold any program: it is read with PyTorch's restricted reader alone, which knows
    tensors and plain containers and refuses everything else before it runs.

    Raises:
        WeightsError: the file is missing, is damaged, would run code, or holds something other than named tensors.
    """
    if not path.is_file():
        raise WeightsError(f"There is no file of weights {path}.", "Check the path.")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a hostile or broken pickle can fail in any way; none of them may reach the user raw
        raise _refusal(path, error) from error
    if not isinstance(loaded, Mapping) or not loaded:
        raise WeightsError(f"{path} holds {_kind(loaded)}, not named weights.", _SAVE_PLAINLY)
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{path} holds {_kind(value)} under {name!r}, not a tensor: it may be a whole checkpoint.",
                _SAVE_PLAINLY,
            )
    return dict(loaded)


_SAVE_PLAINLY = "In the code that made it, save the network alone: torch.save(network.state_dict(), FILE)"


def _refusal(path: Path, error: Exception) -> WeightsError:
    if not isinstance(error, UnpicklingError):
        return WeightsError(f"{path} is not a readable PyTorch file of weights.", "It may be cut short: copy it again.")
    called = re.search(r"GLOBAL (\S+)", str(error))
    if called is None:
        return WeightsError(
            f"{path} is not a plain PyTorch file of weights, but another kind of file or a pickle that may run code: "
            "refused, nothing was executed.",
            _SAVE_PLAINLY,
        )
    return WeightsError(
        f"{path} would run code when loaded (it calls for '{called.group(1)}'): refused, nothing was executed.",
        f"Load it nowhere unless you trust its maker. {_SAVE_PLAINLY}",
    )


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"
