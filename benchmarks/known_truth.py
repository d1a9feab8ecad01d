"""Day and night of the same drawn facades, learnt without knowing which belong together, held against the hidden truth.

    python benchmarks/known_truth.py --out OUT [--seeds 1 2 3] [--only cyclegan cut ...] [--print]

Variants: `cyclegan` and `cut` (day to night) and `cut-back` (night to day) are the shipped quickstarts, unpaired;
`cycle-alone` is CycleGAN without adversary and identity term, which should be caught copying; `paired-alone` learns
from pairs without an adversary, as the study did. All are judged on the same 60 facades. `against_copy` is the L1
distance to the truth over that of the untouched input: a copy has 1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import stats

import limner
from limner.models import Direction
from limner.synthetic import make_facades

SIZE, COUNT, DRAWN = 64, 300, 1
VARIANTS: dict[str, tuple[str, list[str]]] = {
    "cyclegan": ("cyclegan-quickstart", []),
    "cut": ("cut-quickstart", []),
    "cut-back": ("cut-quickstart", ["data.direction=BtoA"]),
    "cycle-alone": ("cyclegan-quickstart", ["loss.adversary=false", "loss.identity=0"]),
    "paired-alone": (
        "cyclegan-quickstart", ["loss.adversary=false", "loss.identity_form=paired", "data.paired=true"]
    ),
}  # fmt: skip
SHOWN = ("against_copy", "l2", "ssim", "spectrum_distance", "change_share")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=[*VARIANTS])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--print", action="store_true", help="print what is there, train nothing")
    parser.add_argument("--picture", type=Path, help="also write a picture of what the first seed's translators make")
    options = parser.parse_args()
    unpaired, paired = images(options.out)
    if not options.print:
        for seed in options.seeds:
            for name in options.only:
                train(options, name, seed, paired if name == "paired-alone" else unpaired)
    print(table(options.out))
    if options.picture:
        draw(options.out, unpaired, options.picture, f"{options.precision}-{options.seeds[0]}")


def images(out: Path) -> tuple[Path, Path]:
    """Unpaired facades, and the same number of paired ones with the same ones to be judged on."""
    unpaired, other, paired = out / "unpaired", out / "other", out / "paired"
    if not unpaired.is_dir():
        make_facades("daynight", COUNT, DRAWN, unpaired, SIZE)
    if not other.is_dir():
        # A fifth of them are test pairs, which is what is wanted here.
        make_facades("daynight", 4 * COUNT, DRAWN + 1, other, SIZE)
    paired.mkdir(exist_ok=True)
    for name, target in (("trainA", other / "testA"), ("trainB", other / "testB")):
        if not (paired / name).exists():
            (paired / name).symlink_to(target.resolve())
    for name in ("testA", "testB"):
        if not (paired / name).exists():
            (paired / name).symlink_to((unpaired / name).resolve())
    return unpaired, paired


def train(options: argparse.Namespace, name: str, seed: int, folder: Path) -> None:
    run_name = f"{name}-{options.precision}-{seed}"
    if (options.out / run_name / "scores.json").is_file():
        return
    recipe, words = VARIANTS[name]
    words = [*words, f"data.path={folder.resolve()}", f"seed={seed}", f"precision={options.precision}"]
    run = limner.train(recipe, name=run_name, runs=options.out, words=[*words, "tracking=none", "training.evaluate=60"])
    last = run.metrics()[-1]
    scores = {key.removeprefix("val/"): value for key, value in last.values.items() if key.startswith("val/")}
    (run.path / "scores.json").write_text(json.dumps({"variant": name, "seconds": last.seconds, **scores}))


def table(out: Path) -> str:
    """Means over seeds with the half-width of their 95 % interval (Student's t)."""
    found = [(path.parent.name, json.loads(path.read_text())) for path in sorted(out.glob("*/scores.json"))]
    lines = [f"| variant | direction | seeds | {' | '.join(SHOWN)} | s |", "|---" * (4 + len(SHOWN)) + "|"]
    for name in dict.fromkeys(folder.rpartition("-")[0] for folder, _ in found):
        rows = [scores for folder, scores in found if folder.rpartition("-")[0] == name]
        for direction in ("AtoB/", "BtoA/", ""):
            if f"{direction}against_copy" in rows[0]:
                cells = [interval([row[f"{direction}{key}"] for row in rows]) for key in SHOWN]
                seconds = sum(row["seconds"] for row in rows) / len(rows)
                lines.append(f"| {name} | {direction[:-1]} | {len(rows)} | {' | '.join(cells)} | {seconds:.0f} |")
    return "\n".join(lines)


def draw(out: Path, folder: Path, file: Path, ending: str) -> None:
    """Rows of facades, day to night above night to day; columns input, each translator, truth."""
    rows = []
    directions: tuple[tuple[Direction, str, str], ...] = (("AtoB", "testA", "testB"), ("BtoA", "testB", "testA"))
    for direction, here, there in directions:
        cut = "cut" if direction == "AtoB" else "cut-back"
        models = [limner.load(out / f"{name}-{ending}") for name in ("cyclegan", cut, "paired-alone")]
        for name in sorted(path.name for path in (folder / here).iterdir())[5::15]:
            image = np.asarray(Image.open(folder / here / name))
            made = [np.asarray(model.translate(image, direction=direction)) for model in models]
            rows.append(np.concatenate([image, *made, np.asarray(Image.open(folder / there / name))], axis=1))
    whole = Image.fromarray(np.concatenate(rows))
    whole.resize((2 * whole.width, 2 * whole.height), Image.Resampling.NEAREST).save(file)


def interval(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {stats.sem(values) * stats.t.ppf(0.975, len(values) - 1):.3f}"


if __name__ == "__main__":
    main()
