"""Time one training step of several variants against one another, each in its own process, taking steps in turn."""

from __future__ import annotations

import argparse
import itertools
import multiprocessing as mp
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from multiprocessing.connection import Connection

import torch

from limner.config.recipe import Recipe
from limner.data.batch import Batch
from limner.methods import Seen, build_method
from limner.training.device import make_repeatable
from limner.training.graphed import engine_for
from limner.training.malloc import freed_memory_kept
from limner.training.players import make_players

Step = Callable[[], object]
LIMNER = ("fp32", "bf16")
"""Variants that are limner's own."""
Make = Callable[[str, argparse.Namespace], Step]


def race(variants: Mapping[str, str], make: Make, options: argparse.Namespace) -> None:
    """Print medians, ratios to the first variant, and peak memory.

    Args:
        variants: name -> title in the table.
        make: gives a variant's step by its name; called in the variant's own process, so it must be importable.
        options: `rounds`, `threads` and `device` are used here; all are handed to `make`.
    """
    children = {name: Child(name, make, options) for name in variants}
    times: dict[str, list[float]] = {name: [] for name in variants}
    warm_up = 1 if options.device == "cpu" else 10
    for number in range(options.rounds + warm_up):
        for name, child in children.items():
            seconds = child.step()
            if number >= warm_up:
                times[name].append(seconds)
    base = statistics.median(next(iter(times.values())))
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{options.device}, {options.threads} threads, {capability}, torch {torch.__version__}")
    for name, values in times.items():
        median, spread = statistics.median(values), f"({1e3 * min(values):.1f} to {1e3 * max(values):.1f})"
        ratio, memory = base / median, f"{children[name].peak():.2f} GB"
        print(f"{variants[name]:<28} {1e3 * median:.1f} ms {spread}   {ratio:.2f}x   {memory}")
    for child in children.values():
        child.end()


def training_step(recipe: Recipe, batch: Batch, device: torch.device) -> Step:
    """limner's own step of a recipe, as a training session on the device takes it."""
    make_repeatable(device)
    method = build_method(recipe).to(device).train()
    players, bf16 = make_players(method, recipe.training), recipe.precision == "bf16"
    engine = engine_for(recipe.training, device, 1)(method, players, device, recipe.seed, bf16, tell=tell)
    steps = itertools.count()
    return lambda: engine.step(next(steps), lambda: batch, Seen())


def tell(event: str, detail: str) -> None:
    print(f"{event}: {detail}", file=sys.stderr)


class Child:
    """One variant in a process of its own, taking a step when asked."""

    def __init__(self, name: str, make: Make, options: argparse.Namespace) -> None:
        spawn = mp.get_context("spawn")
        self.pipe, there = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(name, make, options, there), daemon=True)
        self.process.start()

    def step(self) -> float:
        """Seconds that one step took."""
        self.pipe.send("step")
        return float(self.pipe.recv())

    def peak(self) -> float:
        """Most memory the process held, in GB."""
        self.pipe.send("peak")
        return float(self.pipe.recv())

    def end(self) -> None:
        self.pipe.send("end")
        self.process.join()


def serve(name: str, make: Make, options: argparse.Namespace, pipe: Connection) -> None:
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    # As every training session of limner on a CPU does.
    with freed_memory_kept() if name in LIMNER else nullcontext():
        answer(make(name, options), options.device, pipe)


def answer(step: Step, device: str, pipe: Connection) -> None:
    while (asked := pipe.recv()) != "end":
        if asked == "peak":
            pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
            continue
        start = time.perf_counter()
        step()
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        pipe.send(time.perf_counter() - start)
