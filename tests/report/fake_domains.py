"""A run folder of a translator between two domains, made up for tests: drawn facades by day (A) and by night (B)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from fake_run import SPLITS, guess, metric, save, write_run
from PIL import Image

from limner.config.cut import CUTRecipe
from limner.config.cyclegan import CycleGANRecipe
from limner.config.recipe import Recipe
from limner.runs.declaration import ModelDeclaration, RunDeclaration, TermDeclaration
from limner.runs.folder import RunFolder
from limner.runs.logs import Finding, MetricsRow
from limner.runs.samples import Column, SampleGroup, SampleIndex, SampleRow, at_step, write_index, write_ranked
from limner.synthetic import draw_facade

Way = Literal["AtoB", "BtoA", ""]
WAYS: tuple[Way, ...] = ("AtoB", "BtoA")
ARROWS = {"AtoB": "A → B", "BtoA": "B → A", "": ""}


@dataclass(frozen=True)
class FakeDomainRun:
    """How large and how long the made-up run is.

    Attributes:
        method: "cyclegan" translates both ways, "cut" one.
        known: the true translations of validation pictures are known, so these have targets and ranks by L1.
        copies: a detector says since the middle that A -> B copies.
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
    def ways(self) -> tuple[Way, ...]:
        return WAYS if self.method == "cyclegan" else ("",)

    def write(self, path: Path) -> Path:
        """Fill a folder as the trainer would; returns it."""
        run = write_run(path, self._recipe(), DATA, self.declaration(), self._lines(), findings=self._findings())
        self._followed(run)
        self._ranked(run)
        return path

    def _recipe(self) -> Recipe:
        kind = CycleGANRecipe if self.method == "cyclegan" else CUTRecipe
        return kind.model_validate(
            {
                "about": {"title": "day and night", "paper": "arXiv:1703.10593"},
                "data": {"path": "/pictures/day", "path_b": "/pictures/night", "size": self.size},
                "discriminator": {"receptive_field": 16, "in_channels": 3, "norm": "instance"},
                "training": {"steps": self.steps},
            }
        )

    def declaration(self) -> RunDeclaration:
        both = self.method == "cyclegan"
        metrics = [metric("against_copy", "Against a copy", "lower", reference=1), metric("l1", "L1", "lower")]
        metrics += [metric("spectrum_distance", "Spectrum distance", "lower", sentence="Detail of a domain.")]
        metrics += [metric("ssim", "SSIM", "higher"), metric("psnr", "PSNR", "higher"), metric("l2", "L2", "lower")]
        metrics += [metric("change_share", "Relative change", reference=0.2), metric("copied", "Copied", reference=0.9)]
        metrics += [metric("change", "Change"), metric("round_trip", "Round trip", "lower", copy_wins=True)]
        return RunDeclaration(
            task="translate",
            directions=["AtoB", "BtoA"] if both else ["AtoB"],
            domains=True,
            targets=self.known,
            model=ModelDeclaration(title="ResNet", parameters=11_400_000, networks=2 if both else 1),
            metrics=metrics,
            terms=_both_terms() if both else _one_way_terms(),
        )

    def _findings(self) -> list[Finding]:
        if not self.copies:
            return []
        evidence = "copies its input: what it changes is 4% of the distance between the domains"
        remedies = ("set loss.adversary=true", "train longer")
        middle = self.steps // 2
        return [
            Finding(middle, "copying", "severe", f"A -> B {evidence}", remedies, "AtoB"),
            Finding(middle + 1, "copying", "severe", f"B -> A {evidence}", remedies, "BtoA"),
            Finding(middle + 2, "copying", "severe", "B -> A no longer copies its input", (), "BtoA", ended=True),
        ]

    def _lines(self) -> list[MetricsRow]:
        random = np.random.default_rng(self.seed)
        found = list[MetricsRow]()
        for step in range(20, self.steps + 1, 20):
            done = step / self.steps
            losses = self._losses(done, random)
            line = {f"train/{name}": value for name, value in losses.items()}
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
            found.append(MetricsRow(step, step / 240, step * 0.4, line))
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

    def _columns(self, way: Way, known: bool) -> list[Column]:
        columns = {"input": "Input", "output": "Output"}
        columns |= {"round_trip": "There and back"} if way else {}
        columns |= {"target": "Target"} if known else {}
        domains = (way[0], way[-1], way[0], way[-1]) if way else ("", "", "", "")
        return [
            Column(key=key, title=f"{title} · {domain}" if way else title)
            for (key, title), domain in zip(columns.items(), domains, strict=False)
        ]

    def _followed(self, run: RunFolder) -> None:
        groups = []
        for split, (heading, word) in SPLITS.items():
            for way in self.ways:
                rows = []
                for index in range(self.samples):
                    source, truth = self._pair(index + (4 if split == "train" else 0), way)
                    name = f"{split}-{way + '-' if way else ''}{index:02d}"
                    images = {"input": f"input/{name}.png", "output": f"step-{{step}}/{name}.png"}
                    save(run, images["input"], source)
                    if self.known and split == "val":
                        images["target"] = f"target/{name}.png"
                        save(run, images["target"], truth)
                    if way:
                        images["round_trip"] = f"step-{{step}}/{name}-back.png"
                    for frame in range(1, self.frames + 1):
                        step, done = self.steps * frame // self.frames, frame / self.frames
                        save(run, at_step(images["output"], step), _translated(source, truth, done, index))
                        if way:
                            back = guess(source, 0.3 + 0.6 * done, index)
                            save(run, at_step(images["round_trip"], step), back)
                    rows.append(SampleRow(name=f"{index:02d}", title=f"{word} {index + 1}", images=images))
                groups.append(
                    SampleGroup(
                        key=f"{split}-{way}" if way else split,
                        title=f"{heading} · {ARROWS[way]}" if way else heading,
                        split=split,
                        direction=way,
                        columns=self._columns(way, "target" in images),
                        rows=rows,
                    )
                )
        write_index(run, SampleIndex(groups=groups))

    def _ranked(self, run: RunFolder) -> None:
        ranks = {"best": "Best", "median": "Median", "worst": "Worst"}
        if not self.known:
            ranks = {"least": "Least changed", "median": "Median", "most": "Most changed"}
        groups = []
        for way in self.ways:
            for (rank, title), done in zip(ranks.items(), (0.95, 0.7, 0.4), strict=True):
                rows = []
                for index in range(2):
                    source, truth = self._pair(index, way)
                    made = {"input": source, "output": _translated(source, truth, done, index)}
                    made |= {"round_trip": guess(source, done, index)} if way else {}
                    made |= {"target": truth} if self.known else {}
                    scores = {"l1": 0.3 - 0.2 * done, "ssim": done / 2} if self.known else {"change": 1 - done}
                    images = {key: f"validation/{way + '-' if way else ''}{rank}-{index}-{key}.png" for key in made}
                    for key, image in made.items():
                        save(run, images[key], image)
                    rows.append(SampleRow(name=str(index), title=f"{index:05d}", images=images, scores=scores))
                groups.append(
                    SampleGroup(
                        key=f"{way}-{rank}" if way else rank,
                        title=title,
                        split="val",
                        direction=way,
                        columns=self._columns(way, self.known),
                        rows=rows,
                    )
                )
        by = "l1" if self.known else "change"
        sentence = "" if self.known else "This is no order of quality."
        write_ranked(run, SampleIndex(step=self.steps, ranked_by=by, sentence=sentence, groups=groups))


def _term(tag: str, title: str, label: str = "", **more: object) -> TermDeclaration:
    document = {"tag": tag, "title": title, "label": label, "sentence": f"What the term {tag} says.", **more}
    return TermDeclaration.model_validate(document)


def _both_terms() -> list[TermDeclaration]:
    terms = []
    for domain, other in (("a", "b"), ("b", "a")):
        here, there = domain.upper(), other.upper()
        trip, opinion = f"{here} → {there} → {here}", f"The opinion of the discriminator of {here}"
        bounds = {"bounds": (0, 1), "reference": 0.5}
        terms += [
            _term(f"generators/cycle_{domain}", "Cycle term", trip, better="lower", copy_wins=True),
            _term(f"generators/identity_{domain}", "Identity term", f"{here} → {here}", better="lower", copy_wins=True),
            # What this discriminator is shown came from the other domain.
            _term(f"generators/adversarial_{domain}", "Adversarial term", f"{there} → {here}"),
            _term(f"discriminators/real_{domain}", "Loss on real pictures", here),
            _term(f"discriminators/fake_{domain}", "Loss on generated pictures", here),
            _term(f"discriminators/feedback_real_{domain}", opinion, "real", **bounds),
            _term(f"generators/feedback_fake_{domain}", opinion, "generated", **bounds),
        ]
    return terms


def _one_way_terms() -> list[TermDeclaration]:
    bounds = {"bounds": (0, 1), "reference": 0.5}
    return [
        _term("generator/adversarial", "Adversarial term"),
        _term("generator/nce", "Patch contrast", better="lower", copy_wins=True),
        _term("generator/nce_identity", "Patch contrast on the target domain", better="lower", copy_wins=True),
        _term("discriminator/real", "The discriminator's loss", "real"),
        _term("discriminator/fake", "The discriminator's loss", "generated"),
        _term("discriminator/feedback_real", "The discriminator's opinion", "real", **bounds),
        _term("discriminator/feedback_fake", "The discriminator's opinion", "generated", **bounds),
    ]


DATA = {
    "schema": 1,
    "kind": "domains",
    "unit": "image",
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
