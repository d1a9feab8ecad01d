"""Run PyTorch-GAN's own pix2pix script, unchanged, and keep what its generator draws of the validation pictures.

    python benchmarks/peer_pytorch_gan.py PEER FACADES OUT --seed 1

PEER is a checkout of eriklindernoren/PyTorch-GAN. Its script is executed as it stands; only its data loader is watched:
after the steps asked for, the pictures are drawn and the clock is stopped meanwhile. Both ways of running its generator
are kept: with dropout, as the script itself samples, and without.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.utils.data
from common import facade_pairs, to_input

MARKS = (250, 500, 1000)


class FinishedError(Exception):
    """The peer has taken all steps asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", type=Path)
    parser.add_argument("facades", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, nargs="+", default=MARKS)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    random.seed(options.seed)
    run(options.peer.resolve(), options.facades.resolve(), options.out.resolve(), options.seed, options.steps)


def run(peer: Path, facades: Path, out: Path, seed: int, marks: list[int]) -> None:
    """Execute the script in a folder of its own, where `../../data/facades` is what it expects."""
    code = peer / "implementations" / "pix2pix"
    place = out / f"peer-{seed}-folder"
    (place / "implementations" / "pix2pix").mkdir(parents=True, exist_ok=True)
    (place / "data").mkdir(exist_ok=True)
    if not (place / "data" / "facades").exists():
        (place / "data" / "facades").symlink_to(facades)
    os.chdir(place / "implementations" / "pix2pix")
    sys.path.insert(0, str(code))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    torch.utils.data.DataLoader = watched(namespace, facades, out, seed, marks)  # type: ignore[misc]
    sys.argv = ["pix2pix.py", "--dataset_name", "facades", "--sample_interval", str(10**9)]
    try:
        exec(compile((code / "pix2pix.py").read_text(), "pix2pix.py", "exec"), namespace)
    except FinishedError:
        print("\npeer finished", file=sys.stderr)


def watched(namespace: dict[str, Any], facades: Path, out: Path, seed: int, marks: list[int]) -> type:
    """The data loader, counting the training steps and drawing the validation pictures at the marks."""
    plain = torch.utils.data.DataLoader
    clock = {"seconds": 0.0, "since": 0.0}
    seconds: dict[int, float] = {}

    class Watched(plain):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings | {"num_workers": 0})

        def __iter__(self) -> Iterator[Any]:
            for batch in super().__iter__():
                steps = namespace.setdefault("limner_steps", 0)
                if steps:
                    clock["seconds"] += time.perf_counter() - clock["since"]
                if steps in marks:
                    seconds[steps] = clock["seconds"]
                    draw(namespace["generator"], facades, out / f"peer-{seed}-{steps}")
                    (out / f"peer-{seed}-seconds.json").write_text(json.dumps(seconds))
                    if steps == max(marks):
                        raise FinishedError
                namespace["limner_steps"] += 1
                clock["since"] = time.perf_counter()
                yield batch

    return Watched


def draw(generator: torch.nn.Module, facades: Path, stem: Path) -> None:
    """Save what the generator makes of every validation label map, uint8 (N, 3, 256, 256)."""
    for mode in ("train", "eval"):
        generator.train(mode == "train")
        with torch.no_grad():
            made = [generator(to_input(label)) for label, _ in facade_pairs(facades)]
        images = torch.cat(made).clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        torch.save(images, stem.parent / f"{stem.name}-{mode}.pt")
    generator.train()


if __name__ == "__main__":
    main()
