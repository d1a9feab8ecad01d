"""A run folder of a generator, made up for tests: discs, in a colour for each class where there are classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fake_run import guess, metric, save, write_run
from PIL import Image, ImageDraw

from limner.config.recipe import Recipe
from limner.runs.declaration import ModelDeclaration, RunDeclaration, TermDeclaration
from limner.runs.folder import RunFolder
from limner.runs.logs import Finding, MetricsRow
from limner.runs.samples import Column, SampleGroup, SampleIndex, SampleRow, at_step, write_index

COLOURS = ("crimson", "seagreen", "royalblue", "gold", "purple", "teal", "coral", "slategray", "orchid", "olive")
CLASSES = ("bag", "boot", "coat", "dress", "pullover", "sandal", "shirt", "sneaker", "top", "trouser")


@dataclass(frozen=True)
class FakeGenerator:
    """How large and how long the made-up run is; without classes each row is one picture."""

    classes: tuple[str, ...] = CLASSES
    size: int = 32
    steps: int = 2000
    rows: int = 3
    frames: int = 3
    seed: int = 0
    collapsed: bool = False

    def write(self, path: Path) -> Path:
        """Fill a folder as the trainer would; returns it."""
        recipe = Recipe.model_validate(
            {
                "about": {"title": "a generator of a stranger"},
                "method": "mine:GAN",
                "data": {"path": "/pictures/clothes", "size": self.size},
                "training": {"steps": self.steps},
            }
        )
        data = {
            "schema": 1,
            "kind": "labelled" if self.classes else "images",
            "unit": "image",
            "path": "/pictures/clothes",
            "counts": {"train": 60_000, "validation": 40},
        }
        declaration = RunDeclaration(
            task="generate",
            classes=list(self.classes),
            model=ModelDeclaration(title="DCGAN generator", parameters=3_500_000),
            metrics=[metric("fid", "FID", "lower")],
            terms=[
                TermDeclaration(tag="generator/adversarial", title="Adversarial", sentence="It need not fall."),
                TermDeclaration(tag="critic/adversarial", title="Adversarial", sentence="What the critic pays."),
            ],
        )
        collapse = Finding(1000, "mode-collapse", "warning", "9 of 10 pictures look alike", ("lower the rate.",))
        findings = [collapse] if self.collapsed else []
        self._samples(write_run(path, recipe, data, declaration, self._metrics(), findings=findings))
        return path

    def _metrics(self) -> list[MetricsRow]:
        random = np.random.default_rng(self.seed)
        found = []
        for step in range(20, self.steps + 1, 20):
            values = {f"train/{name}/adversarial": 0.7 + 0.1 * random.normal() for name in ("generator", "critic")}
            values |= {"train/critic/penalty_of_mine": 0.1, "train/images_per_second": 900.0}
            if step % (self.steps // 10) == 0:
                values |= {"val/fid": 200 * np.exp(-step / self.steps) + 20, "val/my_own_number": 1.5}
            found.append(MetricsRow(step, step / 900, step * 0.1, values))
        return found

    def _samples(self, run: RunFolder) -> None:
        keys = self.classes or ("image",)
        rows = []
        for row in range(self.rows):
            images = {key: f"step-{{step}}/noise-{row:02d}-{key}.png" for key in keys}
            for frame in range(1, self.frames + 1):
                for number, pattern in enumerate(images.values()):
                    image = guess(draw_disc(self.size, row, number + self.seed), frame / self.frames, row)
                    save(run, at_step(pattern, self.steps * frame // self.frames), image)
            rows.append(SampleRow(name=f"noise-{row:02d}", title=f"noise {row + 1}", images=images))
        columns = [Column(key=key, title=key if self.classes else "") for key in keys]
        write_index(run, SampleIndex(groups=[SampleGroup(key="noise", title="From noise", columns=columns, rows=rows)]))


def draw_disc(size: int, row: int, number: int) -> Image.Image:
    image = Image.new("RGB", (size, size), "white")
    left = size * (1 + row % 4) // 10
    ImageDraw.Draw(image).ellipse((left, left, size - left, size - left), fill=COLOURS[number % len(COLOURS)])
    return image
