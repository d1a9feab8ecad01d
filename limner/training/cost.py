"""What a recipe would do and what that costs, without doing it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from io import StringIO

import torch
from torch.utils.flop_counter import FlopCounterMode

from limner.config.recipe import Recipe
from limner.config.save import recipe_text
from limner.data.batch import Batch
from limner.data.splits import Splits
from limner.distributed import single_process
from limner.evaluation import Validator
from limner.methods import build_method
from limner.methods.method import Method, Seen
from limner.training.device import choose_device
from limner.training.engine import Engine
from limner.training.graphed import engine_for
from limner.training.length import Cadence, cadence
from limner.training.players import make_players
from limner.training.session import open_images, with_classes
from limner.training.state import frozen_networks

TIMED, TIMED_ON_CUDA = 2, 10
"""Steps that are timed after one that is not; the fastest counts. On CUDA the first few are not replayed yet."""


def describe(recipe: Recipe) -> str:
    """The resolved recipe, the pictures found, the networks, the cost of a step and the disk that a run needs.

    Takes three real steps on real pictures; nothing is written.

    Raises:
        LimnerError: whatever would stop the training itself.
    """
    device = choose_device(recipe.device)
    splits = open_images(recipe)
    recipe = with_classes(recipe, splits)
    method = build_method(recipe).to(device).train()
    text = StringIO()
    plan = cadence(recipe.training, len(splits.train), recipe.devices)
    print(recipe_text(recipe), file=text)
    for remark in splits.report.remarks():
        kind, _, rest = remark.partition(": ")
        print(f"{kind:<10} {rest}", file=text)
    print(f"epoch      {len(splits.train)} pictures", file=text)
    print(f"model      {method.model.title}: {_count(method.model):,} parameters", file=text)
    for name, network in method.named_children():
        if _count(network) and network is not method.model:
            print(f"network    {name}: {_count(network):,} parameters ({type(network).__name__})", file=text)
    print(_step_line(recipe, method, splits, device, plan), file=text)
    print(f"disk       about {_size(_disk(recipe, method, plan))} for checkpoints", file=text)
    return text.getvalue().rstrip()


def _step_line(recipe: Recipe, method: Method, splits: Splits, device: torch.device, plan: Cadence) -> str:
    engine = engine_for(recipe.training, device, world=1)(
        method,
        make_players(method, recipe.training),
        device,
        recipe.seed,
        bf16=recipe.precision == "bf16",
        microbatches=recipe.training.accumulate,
    )

    def draw_batch() -> Batch:
        return splits.train.batch([(0, index % len(splits.train)) for index in range(recipe.training.batch)])

    work = _operations(engine, draw_batch)
    times = []
    for step in range(1, 1 + (TIMED_ON_CUDA if device.type == "cuda" else TIMED)):
        start = time.perf_counter()
        engine.step(step, draw_batch, Seen())
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    Validator(method, recipe, single_process(device), nullcontext).best_is_highest(splits)
    seconds = min(times)
    work = f"step       {work}{seconds:.3f} s on {device}"
    if plan.total is None:
        return f"{work}; about {math.floor((plan.limit or 0) / seconds):,} steps in {recipe.training.time}"
    return f"{work}; {plan.total:,} steps take about {_duration(plan.total * seconds)}"


def _operations(engine: Engine, draw_batch: Callable[[], Batch]) -> str:
    """What a step computes, in words; empty where a loss takes gradients itself, which the counter cannot follow."""
    try:
        with FlopCounterMode(display=False) as counter:
            engine.step(0, draw_batch, Seen())
    except RuntimeError:
        for player in engine.players.values():
            player.optimiser.zero_grad()
        engine.step(0, draw_batch, Seen())
        return ""
    return f"{counter.get_total_flops() / 1e9:.1f} GFLOP, "


def _disk(recipe: Recipe, method: Method, plan: Cadence) -> float:
    training = recipe.training
    kept = training.keep_last + 1 + (training.best is not None)
    if training.keep_every and plan.total:
        kept += plan.total // training.keep_every
    ema = _count(method.model) if training.ema else 0
    trained = _count(method) - sum(map(_count, frozen_networks(method).values()))
    return kept * 4.0 * (3 * trained + ema)


def _duration(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= size), (1, "s"))
    return f"{seconds / size:.1f} {unit}"


def _size(count: float) -> str:
    size, unit = next(((size, unit) for size, unit in ((1e9, "GB"), (1e6, "MB")) if count >= size), (1e3, "kB"))
    return f"{count / size:.1f} {unit}"


def _count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
