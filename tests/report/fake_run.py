"""A run folder made up for tests: drawn pictures, and numbers that behave like those of a real training. What limner
writes itself is written by the same code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import Recipe
from limner.config.save import save_recipe
from limner.runs.declaration import (
    Better,
    MetricDeclaration,
    ModelDeclaration,
    RunDeclaration,
    TermDeclaration,
    write_declaration,
)
from limner.runs.documents import object_text
from limner.runs.environment import Environment
from limner.runs.folder import RunFolder
from limner.runs.logs import Event, EventLog, Finding, HealthLog, MetricsLog, MetricsRow
from limner.runs.samples import Column, SampleGroup, SampleIndex, SampleRow, at_step, write_index, write_ranked

WALLS = ("#b9a48a", "#a8553f", "#c9c3b4", "#8d8f92")


def write_run(
    path: Path,
    recipe: Recipe,
    data: Mapping[str, Any],
    declaration: RunDeclaration,
    metrics: Iterable[MetricsRow],
    events: Iterable[Event] = (),
    findings: Iterable[Finding] = (),
) -> RunFolder:
    """All of a run folder but its samples and checkpoints."""
    path.mkdir(parents=True)
    run = RunFolder(path)
    save_recipe(recipe, run.recipe_path)
    ENVIRONMENT.save(run.environment_path)
    run.data_path.write_text(object_text(data))
    write_declaration(run, declaration)
    append_metrics(path, *metrics)
    append_events(path, *events)
    with HealthLog(run.health_path) as health:
        for finding in findings:
            health.write(finding)
    return run


def append_metrics(path: Path, *rows: MetricsRow) -> None:
    with MetricsLog(RunFolder(path).metrics_path) as log:
        for row in rows:
            log.write(row.step, row.epoch, row.seconds, row.values)


def append_events(path: Path, *events: Event) -> None:
    with EventLog(RunFolder(path).events_path) as log:
        for event in events:
            log.write(event)


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
        resumed = Event(self.steps // 2, "resumed", "from step-001000")
        run = write_run(path, self._recipe(), DATA, DECLARATION, self._lines(), [resumed])
        self._images(run)
        return path

    def _recipe(self) -> Recipe:
        return Pix2PixRecipe.model_validate(
            {
                "about": {"title": "pix2pix on facades", "paper": "arXiv:1611.07004"},
                "data": {"path": "/pictures/facades", "size": self.size},
                "training": {"steps": self.steps},
                "generator": {"levels": 6},
                "loss": {"l1": self.l1},
            }
        )

    def _lines(self) -> list[MetricsRow]:
        random = np.random.default_rng(self.seed)
        found = list[MetricsRow]()
        for step in range(20, self.steps + 1, 20):
            done = step / self.steps
            noise = random.normal(0, 1, 8)
            values: dict[str, float] = {
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
                values |= {
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
            found.append(MetricsRow(step, step / 400, step * 0.28, values))
        return found

    def _images(self, run: RunFolder) -> None:
        pairs = [draw_pair(self.size, self.first_image + index) for index in range(self.samples)]
        columns = [Column(key=key, title=key.capitalize()) for key in ("input", "output", "target")]
        groups = []
        for split, heading in SPLITS.items():
            rows = []
            for index, pair in enumerate(pairs):
                flipped = split == "train"
                label, photo = (half.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flipped else half for half in pair)
                name = f"{split}-{index:02d}.png"
                images = {"input": f"input/{name}", "output": f"step-{{step}}/{name}", "target": f"target/{name}"}
                save(run, images["input"], label)
                save(run, images["target"], photo)
                for frame in range(1, self.frames + 1):
                    step = self.steps * frame // self.frames
                    save(run, at_step(images["output"], step), guess(photo, frame / self.frames, index))
                rows.append(SampleRow(name=f"{index:02d}", title=f"{heading[1]} {index + 1}", images=images))
            groups.append(SampleGroup(key=split, title=heading[0], split=split, columns=columns, rows=rows))
        write_index(run, SampleIndex(groups=groups))
        ranked = []
        for rank, done in (("best", 0.95), ("median", 0.8), ("worst", 0.4)):
            rows = []
            for index, (label, photo) in enumerate(pairs[:2]):
                images = {column.key: f"validation/{rank}-{index}-{column.key}.png" for column in columns}
                for image, name in zip((label, guess(photo, done, index), photo), images.values(), strict=True):
                    save(run, name, image)
                scores = {"l1": 0.3 - 0.2 * done, "ssim": done / 2}
                rows.append(SampleRow(name=str(index), title=f"facade {index}", images=images, scores=scores))
            ranked.append(SampleGroup(key=rank, title=rank.capitalize(), split="val", columns=columns, rows=rows))
        worst = "The worst show what a mean hides; the best are often the plainest."
        write_ranked(run, SampleIndex(step=self.steps, ranked_by="l1", sentence=worst, groups=ranked))


SPLITS = {"val": ("Validation pictures, never trained on", "validation"), "train": ("Training pictures", "training")}
"""Heading of each split, and how one of its rows is called."""


def metric(name: str, title: str, better: Better = "", **more: Any) -> MetricDeclaration:
    facts = {"sentence": f"What {title} says, in a sentence.", **more}
    return MetricDeclaration(name=name, title=title, better=better, **facts)


PAIR_METRICS = [
    metric("l1", "L1", "lower"),
    metric("spectrum_distance", "Spectrum distance", "lower"),
    metric("ssim", "SSIM", "higher"),
    metric("psnr", "PSNR", "higher"),
    metric("l2", "L2", "lower"),
]
OPINION = {"title": "The discriminator's opinion", "sentence": "0.5: it cannot tell.", "reference": 0.5}
DECLARATION = RunDeclaration(
    task="translate",
    directions=["AtoB"],
    targets=True,
    model=ModelDeclaration(title="U-Net", parameters=2_721_000),
    metrics=PAIR_METRICS,
    terms=[
        TermDeclaration(tag="generator/l1", title="Generator · L1 term", sentence="The raw L1.", better="lower"),
        TermDeclaration(tag="generator/adversarial", title="Generator · Adversarial term", sentence="It may rise."),
        TermDeclaration(tag="discriminator/real", title="The discriminator's loss", label="real"),
        TermDeclaration(tag="discriminator/fake", title="The discriminator's loss", label="generated"),
        TermDeclaration(tag="discriminator/feedback_real", label="real", bounds=(0, 1), **OPINION),
        TermDeclaration(tag="discriminator/feedback_fake", label="generated", bounds=(0, 1), **OPINION),
    ],
)
ENVIRONMENT = Environment(
    limner="0.1.0",
    python="3.11.2",
    torch="2.11.0+cpu",
    torchvision="0.26.0",
    numpy="2.2.0",
    pillow="13.0.0",
    scikit_image="0.25.0",
    platform="Linux",
    processor="AMD EPYC 9B14",
    instruction_set="AVX2",
    device="cpu",
    threads=2,
    git_commit=None,
    command="limner train pix2pix-facades data.path=/pictures/facades",
    started="2026-01-01T12:00:00+00:00",
)
DATA = {
    "schema": 1,
    "kind": "pairs",
    "unit": "pair",
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


def save(run: RunFolder, name: str, image: Image.Image) -> None:
    path = run.samples / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
