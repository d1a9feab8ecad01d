"""A run folder made up for tests: drawn pictures, and numbers that behave like those of a real training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw, ImageFilter

from limner.config.pix2pix import Pix2PixRecipe

WALLS = ("#b9a48a", "#a8553f", "#c9c3b4", "#8d8f92")


@dataclass(frozen=True)
class FakeRun:
    """How large and how long the made-up run is."""

    size: int = 64
    steps: int = 2000
    samples: int = 3
    frames: int = 5
    l1: float = 100.0
    first_image: int = 0
    seed: int = 0

    def write(self, path: Path) -> Path:
        """Fill a folder as the trainer would; returns it."""
        path.mkdir(parents=True)
        self._recipe(path)
        (path / "environment.json").write_text(json.dumps(ENVIRONMENT))
        (path / "data.json").write_text(json.dumps(DATA))
        (path / "events.jsonl").write_text(
            json.dumps({"schema": 1, "step": self.steps // 2, "event": "resumed", "detail": "from step-001000"}) + "\n"
        )
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in self._lines()))
        self._images(path / "samples")
        return path

    def _recipe(self, path: Path) -> None:
        recipe = Pix2PixRecipe.model_validate(
            {
                "about": {"title": "pix2pix on facades", "paper": "arXiv:1611.07004"},
                "data": {"path": "/pictures/facades", "size": self.size},
                "training": {"steps": self.steps},
                "generator": {"levels": 6},
                "loss": {"l1": self.l1},
            }
        )
        (path / "recipe.yaml").write_text(
            yaml.safe_dump(recipe.model_dump(mode="json", by_alias=True), sort_keys=False)
        )

    def _lines(self) -> list[dict[str, Any]]:
        random = np.random.default_rng(self.seed)
        found = []
        for step in range(20, self.steps + 1, 20):
            done = step / self.steps
            noise = random.normal(0, 1, 8)
            line: dict[str, Any] = {
                "schema": 1,
                "step": step,
                "epoch": step / 400,
                "seconds": step * 0.28,
                "train/generator/l1": 0.30 * (0.4 + 0.6 * np.exp(-4 * done)) + 0.02 * noise[0],
                "train/generator/adversarial": 1 + 2 * done + 0.5 * abs(noise[1]),
                "train/generator/total": 30 - 12 * done + noise[2],
                "train/discriminator/real": 0.5 * np.exp(-done) + 0.05 * abs(noise[3]),
                "train/discriminator/fake": 0.6 * np.exp(-done) + 0.05 * abs(noise[4]),
                "train/discriminator/total": 0.55 * np.exp(-done) + 0.03 * abs(noise[5]),
                "train/discriminator/feedback_real": min(0.98, 0.55 + 0.3 * done + 0.05 * noise[6]),
                "train/discriminator/feedback_fake": max(0.02, 0.45 - 0.3 * done + 0.05 * noise[7]),
                "train/lr/generator": 2e-4,
                "train/lr/discriminator": 2e-4,
                "train/images_per_second": 3.5 + 0.1 * noise[0],
                "train/data_wait": 0.004,
            }
            if step % (self.steps // 10) == 0:
                line |= {
                    "val/generator/l1": 0.32 * (0.55 + 0.45 * np.exp(-4 * done)),
                    "val/generator/adversarial": 1.2 + 2.2 * done,
                    "val/discriminator/feedback_real": 0.6 + 0.1 * done,
                    "val/discriminator/feedback_fake": 0.4 - 0.2 * done,
                    "train/ssim": 0.15 + 0.25 * done,
                    "val/ssim": 0.14 + 0.14 * done,
                    "val/l1": 0.21 - 0.03 * done,
                    "val/l2": 0.07 - 0.01 * done,
                    "val/psnr": 11.2 + 2 * done,
                    "val/spectrum_distance": 1.2 * np.exp(-2 * done) + 0.3,
                }
            found.append(line)
        return found

    def _images(self, folder: Path) -> None:
        pairs = [draw_pair(self.size, self.first_image + index) for index in range(self.samples)]
        for split in ("val", "train"):
            for index, pair in enumerate(pairs):
                flipped = split == "train"
                label, photo = (half.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flipped else half for half in pair)
                number = f"{split}-{index:02d}.png"
                save(label, folder / "input" / number)
                save(photo, folder / "target" / number)
                for frame in range(1, self.frames + 1):
                    step = self.steps * frame // self.frames
                    save(guess(photo, frame / self.frames, index), folder / f"step-{step:06d}" / number)
        images = []
        for rank, done in (("best", 0.95), ("median", 0.8), ("worst", 0.4)):
            for index, (label, photo) in enumerate(pairs[:2]):
                names = {kind: f"validation/{rank}-{index}-{kind}.png" for kind in ("input", "output", "target")}
                for image, name in zip((label, guess(photo, done, index), photo), names.values(), strict=True):
                    save(image, folder / name)
                scores = {"l1": 0.3 - 0.2 * done, "ssim": done / 2}
                images.append({"rank": rank, "name": f"facade {index}", **scores, **names})
        document = {"schema": 1, "step": self.steps, "split": "val", "pictures": images}
        (folder / "validation.json").write_text(json.dumps(document))


ENVIRONMENT = {
    "schema": 1,
    "limner": "0.1.0",
    "python": "3.11.2",
    "torch": "2.11.0+cpu",
    "torchvision": "0.26.0",
    "processor": "AMD EPYC 9B14",
    "device": "cpu",
    "threads": 2,
    "git_commit": None,
    "command": "limner train pix2pix-facades data.path=/pictures/facades",
}
DATA = {
    "schema": 1,
    "layout": "side-by-side",
    "path": "/pictures/facades",
    "counts": {"train": 400, "validation": 40},
    "names": {"train": [f"t{number}" for number in range(400)], "validation": [f"v{number}" for number in range(40)]},
    "split_made": False,
    "unreadable": [{"file": "train/7.jpg", "reason": "cut off after 1,024 bytes"}],
    "unmatched": [],
    "warnings": ["2 validation pictures are also in training: val/3.png, val/4.png."],
    "fingerprint": "3f1c0d6a",
}


def draw_pair(size: int, number: int) -> tuple[Image.Image, Image.Image]:
    """A label map of a small house front, and its picture."""
    random = np.random.default_rng(number)
    scale = size / 64
    label, photo = Image.new("RGB", (size, size), "#0000aa"), Image.new("RGB", (size, size), WALLS[number % 4])
    pens = ImageDraw.Draw(label), ImageDraw.Draw(photo)
    rows, columns = 3 + number % 2, 3 + number % 3
    for row in range(rows):
        for column in range(columns):
            left, top = (4 + column * 60 / columns) * scale, (4 + row * 58 / rows) * scale
            box = (left, top, left + 9 * scale, top + 11 * scale)
            pens[0].rectangle(box, fill="#00aaff")
            pens[1].rectangle(box, fill="#3a4654", outline="#efe9dd", width=max(1, int(scale)))
    grain = random.normal(0, 7, (size, size, 1)) + np.linspace(18, -18, size)[:, None, None]
    return label, Image.fromarray(np.clip(np.asarray(photo, float) + grain, 0, 255).astype(np.uint8))


def guess(photo: Image.Image, done: float, seed: int) -> Image.Image:
    """What a generator might draw after a share of its training: blurred and noisy, then sharper."""
    blurred = photo.filter(ImageFilter.GaussianBlur(photo.width * 0.12 * (1 - done) + 0.3))
    noise = np.random.default_rng(seed).normal(0, 40 * (1 - done), (photo.height, photo.width, 3))
    return Image.fromarray(np.clip(np.asarray(blurred, float) + noise, 0, 255).astype(np.uint8))


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
