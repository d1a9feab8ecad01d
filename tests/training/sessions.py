"""Training and resuming in a test, and what it left."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from cases import Case
from rich.console import Console

import limner
from limner.runs.checkpoint import checkpoints, read_checkpoint
from limner.runs.logs import read_metrics


def train(case: Case, pairs: Path, runs: Path, name: str, *words: str, **settings: Any) -> limner.Run:
    console = Console(file=io.StringIO())
    return limner.train(
        case.recipe,
        name=name,
        runs=runs,
        words=[*case.words, f"data.path={case.images(pairs)}", *words],
        console=console,
        **settings,
    )


def resume(run: Path, *words: str, **settings: Any) -> str:
    output = io.StringIO()
    limner.resume(run, words, console=Console(file=output, width=500), **settings)
    return output.getvalue()


def contents(run: Path, step: int) -> dict[str, bytes]:
    """The bytes of a checkpoint's weights and optimisers."""
    checkpoint = read_checkpoint(run / "checkpoints" / f"step-{step:06d}")
    return dict(checkpoint.contents)


def newest_state(run: Path) -> dict[str, Any]:
    return read_checkpoint(checkpoints(run / "checkpoints")[-1]).state


def losses(run: Path) -> list[tuple[int, dict[str, float]]]:
    timing = ("train/images_per_second", "train/data_wait")
    rows = read_metrics(run / "metrics.jsonl")
    return [(row.step, {k: v for k, v in row.values.items() if k not in timing}) for row in rows]


def logged(run: Path, tag: str) -> list[tuple[int, float]]:
    """(step, value) of one tag wherever it was logged."""
    return [(row.step, row.values[tag]) for row in read_metrics(run / "metrics.jsonl") if tag in row.values]
