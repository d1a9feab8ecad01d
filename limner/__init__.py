"""limner trains, judges and hands over image generators.

`train` and `load` are imported on first use, so that `import limner` does not import torch.
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__"]

# Threads that wait sleep instead of spinning: with one other busy process on two cores a training step took 0.14 s,
# not 0.37 s, and on a quiet machine no longer than before. OpenMP reads this when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_LAZY = {
    "Run": "limner.training.api",
    "load": "limner.inference",
    "resume": "limner.training.api",
    "train": "limner.training.api",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'limner' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
