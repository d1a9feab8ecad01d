"""What a run was computed with, so that it can be repeated, and resumed to the bit."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PositiveInt

import limner
from limner.config.base import Settings
from limner.files import write_atomically
from limner.runs.documents import read_model

# Finer than PyTorch's own name for the instruction set: with these, oneDNN computes bfloat16 differently.
_FINER = ("avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16")


class EnvironmentDifference(NamedTuple):
    """One thing that is not as it was, so that a resumed run would not be bit-exact."""

    key: str
    then: str
    now: str


class Environment(Settings):
    """Versions, machine and command of a run; `environment.json`."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    limner: str
    python: str
    torch: str
    torchvision: str
    numpy: str
    pillow: str
    scikit_image: str
    platform: str
    processor: str
    instruction_set: str
    """What PyTorch computes with on this processor: AVX2, AVX512, ..., with the bfloat16 units it has."""
    device: str
    """The device that trains, by name: `cpu`, or the GPU's."""
    threads: PositiveInt
    """Threads that PyTorch computes with; another number adds in another order."""
    git_commit: str | None
    """Commit of limner, when it runs from a checkout; ends in -dirty when files were changed since."""
    command: str
    started: str
    """Local time with its offset, ISO 8601."""

    def text(self) -> str:
        """What `environment.json` says."""
        return self.model_dump_json(indent=1, by_alias=True) + "\n"

    def save(self, path: Path) -> None:
        """Write `environment.json`, whole or not at all.

        Raises:
            RunError: it cannot be written.
        """
        write_atomically(path, self.text())

    @classmethod
    def load(cls, path: Path) -> Environment:
        """Read `environment.json`.

        Raises:
            RunError: it is missing, damaged or of a newer format.
        """
        return read_model(path, cls)


def describe_environment(threads: int, device: str = "cpu") -> Environment:
    """The environment of this process.

    Args:
        threads: number of threads that PyTorch computes with.
        device: the device that trains, as PyTorch names it: `cpu`, `cuda`, `cuda:0`, `mps`.
    """
    import torch

    return Environment(
        limner=limner.__version__,
        python=platform.python_version(),
        torch=str(torch.__version__),
        torchvision=_version("torchvision"),
        numpy=_version("numpy"),
        pillow=_version("pillow"),
        scikit_image=_version("scikit-image"),
        platform=platform.platform(),
        processor=_processor(),
        instruction_set=_instruction_set(),
        device=_device_name(device),
        threads=threads,
        git_commit=_commit(),
        command=shlex.join(sys.argv),
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def compare_environments(then: Environment, now: Environment) -> list[EnvironmentDifference]:
    """What differs of all that decides the bits of a result: library versions, threads, instruction set, device.

    Of Python the first two numbers count: they have changed how sums are rounded (3.12), fixes in between have not.
    """
    return [EnvironmentDifference(key, *pair) for key, pair in _deciding(then, now).items() if pair[0] != pair[1]]


def _deciding(then: Environment, now: Environment) -> dict[str, tuple[str, str]]:
    keys = ("limner", "torch", "torchvision", "numpy", "pillow", "scikit_image", "threads", "instruction_set", "device")
    pairs = {key: (str(getattr(then, key)), str(getattr(now, key))) for key in keys}
    return pairs | {"python": (_minor(then.python), _minor(now.python))}


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _instruction_set() -> str:
    import torch

    # get_capabilities came after PyTorch 2.11; without it the coarse name must do.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    finer = [name for name in _FINER if capabilities.get(name)]
    return " ".join([torch.backends.cpu.get_cpu_capability(), *finer])


def _device_name(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch

    return torch.cuda.get_device_name(device)


def _commit() -> str | None:
    checkout = Path(limner.__file__).parent.parent
    # Installed somewhere inside another project's repository, the commit would be that project's.
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
