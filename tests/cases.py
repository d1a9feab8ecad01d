"""The methods that every promise of the trainer is tested for: a new method is one more line in CASES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 16


@dataclass(frozen=True)
class Case:
    """A method with networks small enough for a test, and everything switched on that could break exactness.

    Attributes:
        name: as the test shows it.
        recipe: a shipped recipe.
        words: overrides.
        classes: learns from class folders instead of pairs.
    """

    name: str
    recipe: str
    words: Sequence[str] = ()
    classes: bool = False

    def images(self, pairs: Path) -> Path:
        """The folder that it learns from, beside that of the pairs."""
        return pairs.with_name("classes") if self.classes else pairs


RUN = (
    f"data.size={SIZE}", "training.steps=6", "training.batch=2", "training.checkpoint_every=2", "training.log_every=1",
    "training.validate_every=3", "training.sample_every=3", "training.samples=2", "training.evaluate=3",
    "training.keep_last=9", "tracking=none",
)  # fmt: skip
SHORT = (
    *RUN, "generator.base_channels=4", "discriminator.base_channels=4", "discriminator.receptive_field=16",
)  # fmt: skip
OWN = str(Path(__file__).with_name("toy_generator.yaml"))
TINY = (*SHORT, "data.direction=AtoB", "generator.levels=3", "generator.dropout_blocks=[1,2]")
DOMAINS = (*SHORT, "generator.blocks=2", "data.augment.scale=0.6", "data.augment_b.scale=0.9")

CASES = (
    Case("pix2pix", "pix2pix-facades", TINY),
    Case("pix2pix-ema-linear", "pix2pix-facades", (*TINY, "training.ema=0.9", "training.schedule.kind=linear")),
    Case("pix2pix-bf16-microbatches", "pix2pix-facades", (*TINY, "precision=bf16", "training.accumulate=2")),
    Case("pix2pix-l1", "pix2pix-facades", (*TINY, "loss.mode=l1", "data.workers=0")),
    Case("cyclegan", "cyclegan-horse2zebra", (*DOMAINS, "loss.image_pool=3", "training.ema=0.9")),
    Case("cyclegan-bf16-microbatches", "cyclegan-horse2zebra", (*DOMAINS, "precision=bf16", "training.accumulate=2")),
    Case("cyclegan-paired", "cyclegan-cityscapes", (*SHORT, "generator.levels=2", "loss.image_pool=2")),
    Case("cyclegan-alone", "cyclegan-horse2zebra", (*DOMAINS, "loss.adversary=false", "data.workers=0")),
    Case("cut", "cut-horse2zebra", (*DOMAINS, "loss.patches=8", "training.ema=0.9")),
    Case("fastcut", "fastcut-horse2zebra", (*DOMAINS, "loss.patches=8", "data.direction=BtoA")),
    Case("own-generator", OWN, (*RUN, "training.ema=0.9"), classes=True),
    Case("own-generator-grey", OWN, (*RUN, "data.channels=1", "data.balanced=true", "precision=bf16"), classes=True),
)


def make_pairs(folder: Path, train: int = 7, val: int = 3, size: int = 20, seed: int = 0) -> Path:
    """Side-by-side pairs of random squares: the right half is the left one inverted."""
    random = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        (folder / split).mkdir(parents=True)
        for number in range(count):
            image = np.full((size, size, 3), random.integers(0, 256, 3), np.uint8)
            top, left = random.integers(0, size // 2, 2)
            image[top : top + size // 2, left : left + size // 2] = random.integers(0, 256, 3)
            both = np.concatenate([image, 255 - image], axis=1)
            Image.fromarray(both).save(folder / split / f"{split}{number}.png")
    return folder


def make_classes(folder: Path, train: int = 7, val: int = 3, size: int = 20) -> Path:
    """Class folders of plain pictures, dark ones and bright ones."""
    random = np.random.default_rng(0)
    for split, count in (("train", train), ("val", val)):
        for name, low, high in (("bright", 128, 256), ("dark", 0, 128)):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                picture = np.full((size, size, 3), random.integers(low, high, 3), np.uint8)
                Image.fromarray(picture).save(folder / split / name / f"{number}.png")
    return folder
