"""A run folder of a translator between two domains, made up for tests: drawn facades by day (A) and by night (B)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from fake_run import ENVIRONMENT, guess, save
from PIL import Image

from limner.config.cut import CUTRecipe
from limner.config.cyclegan import CycleGANRecipe
from limner.synthetic import draw_facade

WAYS = ("AtoB", "BtoA")


@dataclass(frozen=True)
class FakeDomainRun:
    """How large and how long the made-up run is.

    Attributes:
        method: "cyclegan" translates both ways, "cut" one.
        known: the true translations of validation pictures are known, so these have targets and ranks by L1.
        copies: an event says since the middle that A -> B copies.
        swapped: what others call B is A here.
    """

    method: str = "cyclegan"
    known: bool = False
    copies: bool = False
    swapped: bool = False
    size: int = 64
    steps: int = 2000
    samples: int = 2
    frames: int = 4
    seed: int = 0

    @property
    def ways(self) -> tuple[str, ...]:
        return WAYS if self.method == "cyclegan" else ("",)

    def write(self, path: Path) -> Path:
        """Fill a folder as the trainer would; returns it."""
        path.mkdir(parents=True)
        (path / "recipe.yaml").write_text(yaml.safe_dump(self._recipe(), sort_keys=False))
        (path / "environment.json").write_text(json.dumps(ENVIRONMENT))
        (path / "data.json").write_text(json.dumps(DATA))
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in self._lines()))
        (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in self._events()))
        self._followed(path / "samples")
        self._ranked(path / "samples")
        return path

    def _recipe(self) -> dict[str, Any]:
        kind = CycleGANRecipe if self.method == "cyclegan" else CUTRecipe
        recipe = kind.model_validate(
            {
                "about": {"title": "day and night", "paper": "arXiv:1703.10593"},
                "data": {"path": "/pictures/day", "path_b": "/pictures/night", "size": self.size},
                "discriminator": {"receptive_field": 16, "in_channels": 3, "norm": "instance"},
                "training": {"steps": self.steps},
            }
        )
        return recipe.model_dump(mode="json", by_alias=True)

    def _events(self) -> list[dict[str, Any]]:
        if not self.copies:
            return []
        copies = "copies its input: what it changes is 4% of the distance between the domains. Set loss.adversary=true"
        told = [
            ("copying", f"A -> B {copies}", "AtoB"),
            ("copying", f"B -> A {copies}", "BtoA"),
            ("copying-ended", "B -> A no longer copies its input", "BtoA"),
        ]
        return [
            {"schema": 1, "step": self.steps // 2 + number, "event": event, "detail": detail, "direction": direction}
            for number, (event, detail, direction) in enumerate(told)
        ]

    def _lines(self) -> list[dict[str, Any]]:
        random = np.random.default_rng(self.seed)
        found = []
        for step in range(20, self.steps + 1, 20):
            done = step / self.steps
            losses = self._losses(done, random)
            line = {"schema": 1, "step": step, "epoch": step / 240, "seconds": step * 0.4}
            line |= {f"train/{name}": value for name, value in losses.items()}
            line |= {"train/images_per_second": 3.1 + 0.1 * random.normal(), "train/data_wait": 0.004}
            if step % (self.steps // 10) == 0:
                line |= {
                    f"val/{name}": value * 1.1
                    for name, value in losses.items()
                    if "feedback" not in name and "lr" not in name
                }
                line |= {f"val/{name}": value for name, value in losses.items() if "feedback" in name}
                for number, way in enumerate(self.ways):
                    scores = self._scores(done, number)
                    named = {f"{way}/{name}" if way else name: value for name, value in scores.items()}
                    line |= {f"val/{name}": value for name, value in named.items()}
                    line |= {f"train/{name}": value * 0.97 for name, value in named.items()}
            found.append(line)
        return found

    def _losses(self, done: float, random: np.random.Generator) -> dict[str, float]:
        def noisy(value: float, much: float = 0.05) -> float:
            return value + much * abs(random.normal())

        if self.method == "cut":
            return {
                "discriminator/real": noisy(0.25),
                "discriminator/fake": noisy(0.24),
                "discriminator/feedback_real": min(noisy(0.6), 0.99),
                "discriminator/feedback_fake": min(noisy(0.3), 0.99),
                "generator/adversarial": noisy(0.4),
                "generator/nce": noisy(4 - 3 * done, 0.2),
                "generator/nce_identity": noisy(3 - 2.5 * done, 0.2),
                "generator/total": noisy(4.2 - 2.5 * done, 0.2),
                "lr/generator": 2e-4,
                "lr/discriminator": 2e-4,
            }
        found = {}
        for number, domain in enumerate("ab"):
            found |= {
                f"discriminators/real_{domain}": noisy(0.25 - 0.05 * number),
                f"discriminators/fake_{domain}": noisy(0.24 - 0.05 * number),
                f"discriminators/feedback_real_{domain}": min(noisy(0.55 + 0.1 * number), 0.99),
                f"generators/cycle_{domain}": noisy(0.5 * np.exp(-3 * done) + 0.1 + 0.05 * number, 0.02),
                f"generators/identity_{domain}": noisy(0.4 * np.exp(-3 * done) + 0.05, 0.02),
                f"generators/adversarial_{domain}": noisy(0.35 + 0.1 * number),
                f"generators/feedback_fake_{domain}": min(noisy(0.4 - 0.1 * number), 0.99),
            }
        return found | {
            "discriminators/total": noisy(0.4),
            "generators/total": noisy(9 * np.exp(-3 * done) + 2, 0.3),
            "lr/generators": 2e-4,
            "lr/discriminators": 2e-4,
        }

    def _scores(self, done: float, number: int) -> dict[str, float]:
        scores = {
            "change": 0.22 * done + 0.02 * number,
            "change_share": 0.9 * done + 0.05 * number,
            "copied": 0.4 - 0.1 * number,
            "spectrum_distance": 0.9 * np.exp(-2 * done) + 0.2 + 0.1 * number,
        }
        if self.method == "cyclegan":
            scores["round_trip"] = 0.02 + 0.1 * np.exp(-3 * done) + 0.01 * number
        if self.known:
            scores |= {
                "l1": 0.3 - 0.2 * done + 0.03 * number,
                "l2": 0.1 - 0.06 * done,
                "psnr": 10 + 6 * done,
                "ssim": 0.3 + 0.4 * done - 0.05 * number,
                "against_copy": 1.2 - 0.7 * done + 0.05 * number,
            }
        return scores

    def _pair(self, number: int, way: str) -> tuple[Image.Image, Image.Image]:
        """A picture of the domain that is translated, and its true translation."""
        day, night = draw_day_and_night(number, self.size)
        return (night, day) if (way == "BtoA") != self.swapped else (day, night)

    def _followed(self, folder: Path) -> None:
        for way in self.ways:
            for split in ("val", "train"):
                for index in range(self.samples):
                    source, truth = self._pair(index + 10 * (split == "train"), way)
                    name = f"{split}-{way}-{index:02d}" if way else f"{split}-{index:02d}"
                    save(source, folder / "input" / f"{name}.png")
                    if self.known and split == "val":
                        save(truth, folder / "target" / f"{name}.png")
                    for frame in range(1, self.frames + 1):
                        step, done = self.steps * frame // self.frames, frame / self.frames
                        save(_translated(source, truth, done, index), folder / f"step-{step:06d}" / f"{name}.png")
                        if way:
                            back = guess(source, 0.3 + 0.6 * done, index)
                            save(back, folder / f"step-{step:06d}" / f"{name}-back.png")

    def _ranked(self, folder: Path) -> None:
        ranks = ("best", "median", "worst") if self.known else ("least", "median", "most")
        images = []
        for way in self.ways:
            for rank, done in zip(ranks, (0.95, 0.7, 0.4), strict=True):
                for index in range(2):
                    source, truth = self._pair(index, way)
                    made = {"input": source, "output": _translated(source, truth, done, index)}
                    made |= {"returned": guess(source, done, index)} if way else {}
                    made |= {"target": truth} if self.known else {}
                    row: dict[str, Any] = {"rank": rank, "name": f"{index:05d}"} | ({"direction": way} if way else {})
                    row |= {"l1": 0.3 - 0.2 * done, "ssim": done / 2} if self.known else {"change": 1 - done}
                    for kind, image in made.items():
                        row[kind] = f"validation/{way + '-' if way else ''}{rank}-{index}-{kind}.png"
                        save(image, folder / row[kind])
                    images.append(row)
        by = "l1" if self.known else "change"
        document = {"schema": 1, "step": self.steps, "split": "val", "ranked_by": by, "pictures": images}
        (folder / "validation.json").write_text(json.dumps(document))


DATA = {
    "schema": 1,
    "layout": "two folders",
    "path": "/pictures/day",
    "counts": {"train A": 500, "train B": 480, "validation A": 60, "validation B": 40},
    "names": {
        "train A": [f"d{number}" for number in range(500)],
        "train B": [f"n{number}" for number in range(480)],
        "validation A": [f"e{number}" for number in range(60)],
        "validation B": [f"o{number}" for number in range(40)],
    },
    "split_made": False,
    "unreadable": [],
    "unmatched": [],
    "warnings": [],
    "fingerprint": "b2a0",
}


@cache
def draw_day_and_night(number: int, size: int) -> tuple[Image.Image, Image.Image]:
    """One building by day and by night."""
    facade = draw_facade(1, number, size, None)
    return Image.fromarray(facade.day), Image.fromarray(facade.night)


def _translated(source: Image.Image, truth: Image.Image, done: float, seed: int) -> Image.Image:
    """What a generator might make: a copy at first, the truth and some noise at last."""
    return guess(Image.blend(source, truth, 0.9 * done), 0.5 + 0.5 * done, seed)
