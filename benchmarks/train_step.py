"""The pix2pix step at 256 px, batch 1: limner beside the eager fp32 step of the same networks, and a peer's.

    python benchmarks/train_step.py [--peer PEER] [--rounds 7] [--threads 2]
    python benchmarks/train_step.py --device cuda --rounds 200 --tflops 790 --bandwidth 4.8

Every variant has a process of its own, as it has in use, and takes one step in turn, round after round, so that a
drifting machine slows all alike; it prints medians, ratios to the eager step of the same networks, and peak memory. The
eager step is what a plain script does: two default Adams, the discriminator frozen while the generator learns. PEER is
a checkout of PyTorch-GAN. With what the device can do (TFLOP/s, TB/s) the floor of a step is printed too: its
operations and the bytes that Adam must move, one after the other.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from stepping import Step, race, training_step
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import l1_loss, mse_loss
from torch.utils.flop_counter import FlopCounterMode

from limner.config.load import load_recipe
from limner.config.training import TrainingSettings
from limner.data.batch import PairedBatch
from limner.methods import Seen, build_method
from limner.training.engine import Engine
from limner.training.players import make_players


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="checkout of PyTorch-GAN")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tflops", type=float, help="what the device computes at best, TFLOP/s")
    parser.add_argument("--bandwidth", type=float, help="what its memory moves at best, TB/s")
    options = parser.parse_args()
    variants = {"eager": "eager fp32, same networks", "fp32": "limner fp32", "bf16": "limner bf16"}
    if options.device.startswith("cuda"):
        variants["bf16-ordinary"] = "limner bf16, without graphs"
    if options.peer:
        variants["peer"] = "PyTorch-GAN (its networks)"
    race(variants, make, options)
    if options.tflops and options.bandwidth:
        print(floor(options.tflops, options.bandwidth))


def make(name: str, options: argparse.Namespace) -> Step:
    device = torch.device(options.device)
    batch = random_pair()
    if name == "eager":
        return eager(batch, device)
    if name == "peer":
        return peer(options.peer, batch, device)
    return limner_step(batch, device, name)


def limner_step(batch: PairedBatch, device: torch.device, variant: str) -> Step:
    """`variant` is a precision, with "-ordinary" behind it where steps are not to be replayed."""
    precision, _, ordinary = variant.partition("-")
    recipe = load_recipe("pix2pix-facades", [f"precision={precision}", f"training.graphs={not ordinary}".lower()])
    return training_step(recipe, batch, device)


def floor(tflops: float, bandwidth: float) -> str:
    """The least time of a step: Adam reads weight, gradient and two moments, and writes all but the gradient."""
    method = build_method(load_recipe("pix2pix-facades")).train()
    engine = Engine(method, make_players(method, TrainingSettings(steps=1)), torch.device("cpu"), seed=0)
    with FlopCounterMode(display=False) as counter:
        engine.step(0, random_pair, Seen())
    operations, moved = counter.get_total_flops(), 7 * 4 * sum(weight.numel() for weight in method.parameters())
    seconds = operations / (tflops * 1e12) + moved / (bandwidth * 1e12)
    return f"floor: {operations / 1e9:.1f} GFLOP and {moved / 1e9:.2f} GB take {1000 * seconds:.2f} ms"


def random_pair() -> PairedBatch:
    return PairedBatch(*(torch.randint(0, 256, (1, 3, 256, 256), dtype=torch.uint8) for _ in range(2)))


def eager(batch: PairedBatch, device: torch.device) -> Step:
    method = build_method(load_recipe("pix2pix-facades")).to(device).train()
    generator, discriminator = method.get_submodule("model.generators.BtoA"), method.get_submodule("discriminator")
    of_generator = torch.optim.Adam(generator.parameters(), 2e-4, (0.5, 0.999))
    of_discriminator = torch.optim.Adam(discriminator.parameters(), 2e-4, (0.5, 0.999))

    def judge(*images: torch.Tensor, real: bool) -> torch.Tensor:
        logits = discriminator(*images)
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
