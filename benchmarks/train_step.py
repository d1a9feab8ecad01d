"""The pix2pix step at 256 px, batch 1: limner beside the eager fp32 step of the same networks, and a peer's.

    python benchmarks/train_step.py [--peer PEER] [--rounds 7] [--threads 2] [--device cpu]

Every variant has a process of its own, as it has in use, and takes one step in turn, round after round, so that a
drifting machine slows all alike; it prints medians, ratios to the eager step of the same networks, and peak memory. The
eager step is what a plain script does: two default Adams, the discriminator frozen while the generator learns. PEER is
a checkout of PyTorch-GAN.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import resource
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import l1_loss, mse_loss

from limner.config.load import load_recipe
from limner.data.batch import PairedBatch
from limner.methods import build_method
from limner.training.engine import Engine
from limner.training.memory import keep_freed_memory
from limner.training.players import make_players

Step = Callable[[], object]
TITLES = {"eager": "eager fp32, same networks", "peer": "PyTorch-GAN (its networks)"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="checkout of PyTorch-GAN")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    variants = ["eager", "limner fp32", "limner bf16", *(["peer"] if options.peer else [])]
    children = {name: Child(name, options) for name in variants}
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(options.rounds + 1):
        for name, child in children.items():
            seconds = child.step()
            if number:  # the first round warms up
                times[name].append(seconds)
    base = statistics.median(times["eager"])
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{options.device}, {options.threads} threads, {capability}, torch {torch.__version__}")
    for name, values in times.items():
        median = statistics.median(values)
        spread = f"({min(values):.3f} to {max(values):.3f})"
        memory = f"{children[name].peak():.2f} GB"
        print(f"{TITLES.get(name, name):<28} {median:.3f} s {spread}   {base / median:.2f}x   {memory}")
    for child in children.values():
        child.end()


class Child:
    """One variant in a process of its own, taking a step when asked."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        here, there = mp.get_context("spawn").Pipe()
        self.pipe = here
        self.process = mp.get_context("spawn").Process(target=serve, args=(name, options, there), daemon=True)
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


def serve(name: str, options: argparse.Namespace, pipe: Connection) -> None:
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    step = make(name, options.peer, device)
    while (asked := pipe.recv()) != "end":
        if asked == "peak":
            pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
            continue
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        pipe.send(time.perf_counter() - start)


def make(name: str, checkout: Path | None, device: torch.device) -> Step:
    torch.manual_seed(0)
    batch = PairedBatch(*(torch.randint(0, 256, (1, 3, 256, 256), dtype=torch.uint8) for _ in range(2)))
    if name == "eager":
        return eager(batch, device)
    if name == "peer":
        assert checkout is not None
        return peer(checkout, batch, device)
    keep_freed_memory()  # as every training session on a CPU does
    return limner_step(batch, device, name.removeprefix("limner "))


def limner_step(batch: PairedBatch, device: torch.device, precision: str) -> Step:
    recipe = load_recipe("pix2pix-facades", [f"precision={precision}"])
    method = build_method(recipe).to(device).train()
    engine = Engine(method, make_players(method, recipe.training), device, recipe.seed, bf16=precision == "bf16")
    steps = iter(range(10**9))
    return lambda: engine.step(next(steps), lambda: batch, {})


def eager(batch: PairedBatch, device: torch.device) -> Step:
    method = build_method(load_recipe("pix2pix-facades")).to(device).train()
    generator, discriminator = method.get_submodule("generator"), method.get_submodule("discriminator")
    of_generator = torch.optim.Adam(generator.parameters(), 2e-4, (0.5, 0.999))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), 2e-4, (0.5, 0.999))

    def judge(*pictures: torch.Tensor, real: bool) -> torch.Tensor:
        logits = discriminator(*pictures)
        return cross_entropy(logits, torch.full_like(logits, float(real)))

    def step() -> None:
        here = batch.on(device)
        fake = generator(here.input)
        discriminator.requires_grad_(True)
        of_discriminator.zero_grad()
        loss = judge(here.input, here.target, real=True) + judge(here.input, fake.detach(), real=False)
        (0.5 * loss).backward()
        of_discriminator.step()
        discriminator.requires_grad_(False)
        of_generator.zero_grad()
        (judge(here.input, fake, real=True) + 100 * l1_loss(fake, here.target)).backward()
        of_generator.step()

    return step


def peer(checkout: Path, batch: PairedBatch, device: torch.device) -> Step:
    """The step of PyTorch-GAN's pix2pix.py, written out on its own networks."""
    sys.path.insert(0, str(checkout / "implementations" / "pix2pix"))
    import models

    generator, discriminator = models.GeneratorUNet().to(device), models.Discriminator().to(device)
    of_generator = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    valid, invalid = torch.ones(1, 1, 16, 16, device=device), torch.zeros(1, 1, 16, 16, device=device)

    def step() -> None:
        here = batch.on(device)
        of_generator.zero_grad()
        fake = generator(here.input)
        loss = mse_loss(discriminator(fake, here.input), valid) + 100 * l1_loss(fake, here.target)
        loss.backward()
        of_generator.step()
        of_discriminator.zero_grad()
        on_real = mse_loss(discriminator(here.target, here.input), valid)
        on_fake = mse_loss(discriminator(fake.detach(), here.input), invalid)
        (0.5 * (on_real + on_fake)).backward()
        of_discriminator.step()

    return step


if __name__ == "__main__":
    main()
