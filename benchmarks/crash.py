"""Kill training at random moments; every run folder must stay readable and end in the very same weights.

    python benchmarks/crash.py OUT [--kills 100] [--runs 4]

Each run is resumed after every kill (-9) until it has suffered its share, and is then left to finish. Prints how many
folders could not be read and how many final weights differ from an uninterrupted run.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

from limner.runs.checkpoint import checkpoints, newest_good, read_checkpoint
from limner.synthetic import make_facades

WORDS = [
    "data.size=16", "generator.levels=4", "generator.base_channels=8", "generator.dropout_blocks=[1,2]",
    "discriminator.base_channels=8", "discriminator.receptive_field=16", "training.batch=2",
    "training.checkpoint_every=3", "training.validate_every=50", "training.sample_every=20", "training.log_every=1",
    "training.samples=2", "training.evaluate=4", "training.ema=0.9", "tracking=tensorboard",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    images = options.out / "facades"
    if not images.exists():
        make_facades("labels", 30, 1, images, size=32)
    words = [*WORDS, f"data.path={images}", f"training.steps={options.steps}"]
    whole = start(["quickstart", *words, "--name", "whole"], options.out)
    if whole.wait() != 0:
        sys.exit("the uninterrupted run failed")
    expected = final(options.out / "whole", options.steps)

    unreadable = differing = hit = 0
    for number in range(options.runs):
        run = options.out / f"killed-{number}"
        started = False
        for kill in range(options.kills // options.runs):
            process = start(
                ["--resume", str(run)] if started else ["quickstart", *words, "--name", run.name], options.out
            )
            time.sleep(random.uniform(0.5, 12))
            finished = process.poll() is not None
            process.kill()
            hit += not finished
            process.wait()
            started = started or (run / "recipe.yaml").exists()
            faults: list[str] = []
            if started and checkpoints(run / "checkpoints"):
                newest = newest_good(run / "checkpoints", faults.append)
                unreadable += newest is None or bool(faults)
            step = checkpoints(run / "checkpoints")[-1].name if started and checkpoints(run / "checkpoints") else "none"
            print(
                f"{run.name}: kill {kill + 1}, newest checkpoint {step}{', had finished' if finished else ''}",
                flush=True,
            )
        start(["--resume", str(run)], options.out).wait()
        differing += final(run, options.steps) != expected
    print(f"{hit} kills while training: {unreadable} unreadable, {differing} of {options.runs} final weights differ")


def start(words: list[str], runs: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "limner", "train", *words, "--runs", str(runs)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def final(run: Path, step: int) -> dict[str, bytes]:
    return dict(read_checkpoint(run / "checkpoints" / f"step-{step:06d}").contents)


if __name__ == "__main__":
    main()
