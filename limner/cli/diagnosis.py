"""What `limner doctor` finds on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SCHEMA = 1
"""Version of the document that `limner doctor --json` prints."""

OTHER_PACKAGES = ("pydantic", "rich", "safetensors", "torchmetrics", "typer")

EXTRAS = {
    "multi": ("lightning_fabric", "training on several devices"),
    "wandb": ("wandb", "tracking with Weights & Biases"),
}
"""Optional parts: the module that shows whether one is installed, and what it is for."""

LOW_DISK = 10 * 2**30


def diagnose() -> dict[str, Any]:
    """All findings, ready for JSON: sections of facts, and `advice`, one line for each thing to mend or add."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "computer": _computer(),
        "devices": _devices(),
        "memory": _memory(),
        "disk": _disk(),
        "cache": _cache(),
        "weights": _weights(),
        "extras": {name: {"installed": _installed(name), "for": EXTRAS[name][1]} for name in EXTRAS},
        "environment": {name: value for name, value in sorted(os.environ.items()) if _of_interest(name)},
    }
    return {**found, "advice": _advice(found)}


def _devices() -> list[dict[str, Any]]:
    import torch

    devices: list[dict[str, Any]] = [{"name": "cpu"}]
    for number in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(number)
        free = torch.cuda.mem_get_info(number)[0]
        capability = f"{facts.major}.{facts.minor}"
        devices.append(
            {
                "name": f"cuda:{number}",
                "model": facts.name,
                "memory": facts.total_memory,
                "free": free,
                "capability": capability,
            }
        )
    if torch.backends.mps.is_available():
        devices.append({"name": "mps"})
    return devices


def _computer() -> dict[str, Any]:
    import torch

    from limner.runs.environment import describe_environment

    facts = describe_environment(torch.get_num_threads()).model_dump(exclude={"command", "started", "schema_version"})
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {**facts, "cores": usable, "executable": sys.executable, **{name: _version(name) for name in OTHER_PACKAGES}}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> dict[str, Any]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {"total": None, "free": None}
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    return {"total": sizes.get("MemTotal"), "free": sizes.get("MemAvailable")}


def _disk() -> dict[str, Any]:
    from limner.runs.folder import runs_folder

    runs = runs_folder(None).absolute()
    existing = next(path for path in (runs, *runs.parents) if path.exists())
    usage = shutil.disk_usage(existing)
    return {"runs": str(runs), "total": usage.total, "free": usage.free, "writable": os.access(existing, os.W_OK)}


def _cache() -> dict[str, Any]:
    from limner.data.cache import cache_cap, cache_folder, cache_size

    return {"folder": str(cache_folder()), "size": cache_size(), "cap": cache_cap()}


def _weights() -> list[dict[str, Any]]:
    from limner.weights.pretrained import PRETRAINED, locate

    return [
        {
            "name": name,
            "file": entry.file,
            "for": entry.used_for,
            "url": entry.url,
            "found": str(path) if (path := locate(name)) else None,
        }
        for name, entry in PRETRAINED.items()
    ]


def _installed(extra: str) -> bool:
    return find_spec(EXTRAS[extra][0]) is not None


def _of_interest(name: str) -> bool:
    exact = {"NO_COLOR", "DO_NOT_TRACK", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TORCH_HOME"}
    return name.startswith("LIMNER_") or name in exact


def _advice(found: dict[str, Any]) -> list[str]:
    advice = []
    if len(found["devices"]) == 1:
        advice.append("No GPU is seen: training runs on the CPU. Small recipes (quickstart, data.size=128) suit it.")
    if found["disk"]["free"] < LOW_DISK:
        advice.append(
            f"{found['disk']['free'] / 2**30:.1f} GiB are free for runs; a full-size pix2pix checkpoint takes 0.7 GiB. "
            "Free some, or name another folder: LIMNER_RUNS=DIR."
        )
    if not found["disk"]["writable"]:
        advice.append(f"Runs cannot be written to {found['disk']['runs']}: name another folder, LIMNER_RUNS=DIR.")
    advice += [
        f"{weights['for']} is left out until {weights['file']} is here: get {weights['url']} "
        "and put it into a folder named by LIMNER_WEIGHTS."
        for weights in found["weights"]
        if weights["found"] is None
    ]
    for name, extra in found["extras"].items():
        if not extra["installed"]:
            advice.append(f"For {extra['for']}: pip install 'limner[{name}]'")
    return advice
