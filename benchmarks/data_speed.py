"""Pairs per second that reach the trainer, beside decoding, resizing, cropping and flipping with PIL every epoch.

    python benchmarks/data_speed.py FACADES [--size 256]

Both make the same batches of one pair on one thread, in turn. Each batch is dropped before the next, as a training loop
does: one that keeps them all measures the machine's page faults.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from limner.config.load import load_recipe
from limner.data.open import open_data
from limner.data.samplers import EpochSampler
from limner.training.malloc import freed_memory_kept

PAIRS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facades", type=Path)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    words = [
        f"data.path={options.facades}",
        f"data.size={options.size}",
        f"generator.levels={(options.size & -options.size).bit_length() - 1}",
    ]
    recipe = load_recipe("pix2pix-facades", words)
    start = time.perf_counter()
    splits = open_data(recipe.data, recipe.seed)
    opened = time.perf_counter() - start
    print(f"opening (warm cache): {opened:.2f} s for {len(splits.train)} + {len(splits.validation)} pairs")
    order = EpochSampler(len(splits.train), 1, recipe.seed)
    files = sorted((options.facades / "train").glob("*.jpg"))

    cpu = torch.device("cpu")
    for what, floats in (("as bytes", False), ("as floats in [-1, 1]", True)):

        def ours(number: int, floats: bool = floats) -> object:
            batch = splits.train.batch(order.positions(number))
            return batch.on(cpu) if floats else batch

        def theirs(number: int, floats: bool = floats) -> object:
            halves = with_pil(files[number % len(files)], options.size)
            return (
                [torch.from_numpy(half).permute(2, 0, 1)[None].float().div(127.5).sub(1) for half in halves]
                if floats
                else halves
            )

        with freed_memory_kept():  # as every training session on a CPU does; it serves both
            paces = [(pace(ours, 20 * PAIRS), pace(theirs, PAIRS)) for _ in range(options.rounds + 1)][1:]
        fast, slow = (statistics.median(column) for column in zip(*paces, strict=True))
        print(f"{what:<22} limner {fast:,.0f} pairs/s, PIL every epoch {slow:,.0f} pairs/s: {fast / slow:.0f}x")


def pace(make: Callable[[int], object], count: int) -> float:
    start = time.perf_counter()
    for number in range(count):
        make(number)
    return count / (time.perf_counter() - start)


def with_pil(path: Path, size: int) -> list[NDArray[np.uint8]]:
    """The usual transform of the pix2pix repositories, (size, size, 3) for each half."""
    image = Image.open(path).convert("RGB")
    load = round(size * 286 / 256)
    width, height = image.size
    top, left = random.randint(0, load - size), random.randint(0, load - size)
    flip = random.random() < 0.5
    halves = []
    for box in ((width // 2, 0, width, height), (0, 0, width // 2, height)):
        half = image.crop(box).resize((load, load), Image.Resampling.BICUBIC)
        half = half.crop((left, top, left + size, top + size))
        if flip:
            half = half.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        halves.append(np.array(half))
    return halves


if __name__ == "__main__":
    main()
