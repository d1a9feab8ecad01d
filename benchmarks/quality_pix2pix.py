"""Quality of label -> photograph on the real facades, at equal steps and at equal wall-clock, beside PyTorch-GAN.

    python benchmarks/quality_pix2pix.py --facades FACADES --out OUT --peer PEER --seeds 1 2 3
    python benchmarks/quality_pix2pix.py --facades FACADES --out OUT --only study --seeds 1     # some of it
    python benchmarks/quality_pix2pix.py --facades FACADES --out OUT --print                    # what is there so far
        --plot FIGURE.svg --picture GRID.jpg

FACADES is the CMP set in its original split, photograph left and label map right. Every variant is a limner run in OUT;
what is there already is not trained again; of a scored run only its pictures are kept, not its checkpoints. Scores are
over the 100 validation pairs, range 0..1. Steps other than 250, 500 and 1000 (`--steps 475 950 1900 2000`) are to be
multiples of the first, or the last.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from common import facade_pairs
from PIL import Image
from scipy import stats

import limner
from limner import metrics
from limner.data.splits import References
from limner.metrics.pairs import L1, SSIM
from limner.metrics.spectrum import SPECTRUM_DISTANCE

STEPS = (250, 500, 1000)
SHOWN = (3, 27, 61, 90)
"""Which validation pictures are drawn."""
HERE = Path(__file__).parent
NO_CROP = "data.augment.enlarge=1"

VARIANTS: dict[str, tuple[str, list[str]]] = {
    "study": ("pix2pix-facades", []),
    "least-squares": ("pix2pix-facades", ["loss.adversarial=least-squares", "training.ema=0.99", NO_CROP]),
    "pix2pix": ("pix2pix", []),
}
"""Name -> recipe and overrides. The last is the shipped recipe of the best known settings."""

PEER = {"peer, dropout on": "train", "peer, evaluation mode": "eval"}
"""Variant -> how the peer's generator is run. Its script samples with dropout on."""

LEAST_SQUARES = "loss.adversarial=least-squares"

AVERAGED_WHOLE = ["training.ema=0.99", NO_CROP, "generator.dropout=0"]
"""Averaged weights, whole pictures, no dropout."""

SWEEP: dict[str, list[str]] = {
    "study + ema": ["training.ema=0.99"],
    "study + ema, l1=150": ["training.ema=0.99", "loss.l1=150"],
    "study + no crop": [NO_CROP],
    "study + no dropout": ["generator.dropout=0"],
    "study + l1=50": ["loss.l1=50"],
    "study + ema, no crop": ["training.ema=0.99", NO_CROP],
    "study + ema, no crop, no dropout": AVERAGED_WHOLE,
    "study + ema, no crop, no dropout, l1=125": [*AVERAGED_WHOLE, "loss.l1=125"],
    "study + ema, no crop, no dropout, l1=150": [*AVERAGED_WHOLE, "loss.l1=150"],
    "study + ema, no crop, no dropout, l1=200": [*AVERAGED_WHOLE, "loss.l1=200"],
    "study + ema, no dropout": ["training.ema=0.99", "generator.dropout=0"],
    "study + no crop, no dropout": [NO_CROP, "generator.dropout=0"],
    "study + ema, no crop, no dropout, l1=50": [*AVERAGED_WHOLE, "loss.l1=50"],
    "least-squares, no dropout": [LEAST_SQUARES, *AVERAGED_WHOLE],
    "least-squares, l1=25": [LEAST_SQUARES, "training.ema=0.99", NO_CROP, "loss.l1=25"],
    "least-squares, l1=25, no dropout": [LEAST_SQUARES, *AVERAGED_WHOLE, "loss.l1=25"],
}
"""One thing at a time around the study's settings."""


@dataclass(frozen=True)
class Score:
    """One variant, seed and step."""

    variant: str
    seed: int
    step: int
    seconds: float
    l1: float
    ssim: float
    spectrum_distance: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facades", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="checkout of PyTorch-GAN")
    parser.add_argument("--only", nargs="*", default=[*VARIANTS], help="variants, of the sweep too")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--print", action="store_true", help="print what is there, train nothing")
    parser.add_argument("--plot", type=Path, help="also draw L1 against spectrum distance, as SVG")
    parser.add_argument("--picture", type=Path, help="also write what each variant makes of a few label maps, as JPEG")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    targets = torch.stack([photograph for _, photograph in facade_pairs(options.facades)])
    scores = read(options.out)
    if not options.print:
        for seed in options.seeds:
            if options.peer and not has(scores, next(iter(PEER)), seed, options.steps):
                write(options.out, score_peer(options, seed, targets))
            for variant in options.only:
                if not has(scores, variant, seed, options.steps):
                    write(options.out, score_variant(options, variant, seed, targets))
    scores = read(options.out)
    print(table(scores))
    if options.picture:
        draw(options, max(options.steps))
    if options.plot:
        options.plot.write_text(plot(scores, max(set(options.steps) & {score.step for score in scores})))


def score_variant(options: argparse.Namespace, variant: str, seed: int, targets: torch.Tensor) -> list[Score]:
    """Train a variant as a user would and score its checkpoints."""
    recipe, overrides = VARIANTS.get(variant) or ("pix2pix-facades", SWEEP[variant])
    words = [
        *overrides, f"data.path={options.facades.resolve()}", "data.direction=BtoA", f"seed={seed}",
        f"precision={options.precision}",
        f"training.steps={max(options.steps)}",
        f"training.checkpoint_every={min(options.steps)}", f"training.keep_every={min(options.steps)}",
        "training.validate_every=1000000", "training.evaluate=8", "tracking=none",
    ]  # fmt: skip
    name = run_name(variant, seed)
    run = limner.train(recipe, name=name, runs=options.out, words=words)
    scores = []
    for step in options.steps:
        model = limner.load(run.path, weights=f"step-{step:06d}")
        made = [model.translate(label.permute(1, 2, 0).numpy(), seed=0) for label, _ in facade_pairs(options.facades)]
        images = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in made])
        torch.save(images, options.out / f"{name}-{step}.pt")
        spent = json.loads((run.path / "checkpoints" / f"step-{step:06d}" / "state.json").read_text())["seconds"]
        scores.append(scored(variant, seed, step, spent, images, targets))
        print(scores[-1], file=sys.stderr, flush=True)
    shutil.rmtree(run.path / "checkpoints")
    return scores


def run_name(variant: str, seed: int) -> str:
    return f"{variant.replace(' ', '').replace('+', '-').replace(',', '-').replace('=', '')}-{seed}"


def score_peer(options: argparse.Namespace, seed: int, targets: torch.Tensor) -> list[Score]:
    """Run the peer's own script and score what it drew, as it samples itself (dropout on) and in evaluation mode."""
    last = options.out / f"peer-{seed}-{max(options.steps)}-eval.pt"
    if not last.exists():
        steps = [str(step) for step in options.steps]
        command = [sys.executable, str(HERE / "peer_pytorch_gan.py"), str(options.peer), str(options.facades)]
        command += [str(options.out), "--seed", str(seed), "--threads", str(options.threads), "--steps", *steps]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    clock = options.out / f"peer-{seed}-seconds.json"
    seconds = json.loads(clock.read_text()) if clock.exists() else {}
    scores = []
    for step in options.steps:
        spent = seconds.get(str(step), float("nan"))
        for variant, mode in PEER.items():
            images = torch.load(options.out / f"peer-{seed}-{step}-{mode}.pt")
            scores.append(scored(variant, seed, step, spent, images, targets))
    return scores


def scored(variant: str, seed: int, step: int, seconds: float, images: torch.Tensor, real: torch.Tensor) -> Score:
    values = metrics.score(metrics.Outputs(images), References([], real, targets=real), (L1, SSIM, SPECTRUM_DISTANCE))
    return Score(variant, seed, step, seconds, values["l1"], values["ssim"], values["spectrum_distance"])


def table(scores: Sequence[Score]) -> str:
    """Means over seeds with the half-width of their 95 % interval (Student's t)."""
    lines = ["| variant | step | seeds | L1 | SSIM | spectrum distance | s a step |", "|---|---|---|---|---|---|---|"]
    for variant in dict.fromkeys(score.variant for score in scores):
        for step in sorted({score.step for score in scores if score.variant == variant}):
            rows = [score for score in scores if (score.variant, score.step) == (variant, step)]
            numbers = [interval([getattr(row, name) for row in rows]) for name in ("l1", "ssim", "spectrum_distance")]
            pace = sum(row.seconds for row in rows) / len(rows) / step
            lines.append(f"| {variant} | {step} | {len(rows)} | {' | '.join(numbers)} | {pace:.2f} |")
    return "\n".join(lines)


def draw(options: argparse.Namespace, step: int) -> None:
    """One row a label map, one column a variant: the peer as it samples itself, then those of `--only`, first seed."""
    seed = options.seeds[0]
    names = [f"peer-{seed}-{step}-train", *(f"{run_name(variant, seed)}-{step}" for variant in options.only)]
    made = [torch.load(options.out / f"{name}.pt") for name in names]
    rows = [torch.cat([images[index] for images in made], dim=2) for index in SHOWN]
    Image.fromarray(torch.cat(rows, dim=1).permute(1, 2, 0).numpy()).save(options.picture, quality=85)


def plot(scores: Sequence[Score], step: int) -> str:
    """SVG: each variant's mean at a step, L1 to the right, spectrum distance upwards; the lower left corner is best."""
    points = {
        variant: [
            (score.l1, score.spectrum_distance) for score in scores if (score.variant, score.step) == (variant, step)
        ]
        for variant in dict.fromkeys(score.variant for score in scores)
    }
    means = {
        name: [sum(axis) / len(axis) for axis in zip(*found, strict=True)] for name, found in points.items() if found
    }
    low, high = ([pick(each[axis] for each in means.values()) for axis in (0, 1)] for pick in (min, max))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 420" font-family="sans-serif" font-size="13">',
        '<rect width="860" height="420" fill="white"/><path d="M60 20V370H500" fill="none" stroke="#555"/>',
        f'<text x="280" y="410" text-anchor="middle">L1 at step {step}, less is better</text>',
        '<text transform="translate(18 195) rotate(-90)" text-anchor="middle">spectrum distance, less is better</text>',
    ]
    for share in (0, 0.5, 1):
        l1, distance = (low[axis] + share * (high[axis] - low[axis]) for axis in (0, 1))
        parts.append(f'<text x="{80 + 400 * share:.0f}" y="388" text-anchor="middle">{l1:.3f}</text>')
        parts.append(f'<text x="54" y="{354 - 310 * share:.0f}" text-anchor="end">{distance:.2f}</text>')
    for number, (name, (l1, distance)) in enumerate(sorted(means.items(), key=lambda item: item[1]), start=1):
        x = 80 + 400 * (l1 - low[0]) / (high[0] - low[0])
        y = 350 - 310 * (distance - low[1]) / (high[1] - low[1])
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="#8b3a12"/>')
        parts.append(f'<text x="{x:.0f}" y="{y - 9:.0f}" text-anchor="middle">{number}</text>')
        parts.append(f'<text x="520" y="{20 + 20 * number}">{number}  {name} ({len(points[name])})</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def interval(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {stats.sem(values) * stats.t.ppf(0.975, len(values) - 1):.3f}"


def has(scores: Sequence[Score], variant: str, seed: int, steps: Sequence[int]) -> bool:
    return set(steps) <= {s.step for s in scores if (s.variant, s.seed) == (variant, seed)}


def read(out: Path) -> list[Score]:
    return [Score(**json.loads(path.read_text())) for path in sorted((out / "scores").glob("*.json"))]


def write(out: Path, scores: Sequence[Score]) -> None:
    """One small file a score, so that several processes may fill the same folder."""
    (out / "scores").mkdir(exist_ok=True)
    for score in scores:
        name = "".join(letter if letter.isalnum() else "-" for letter in f"{score.variant} {score.seed} {score.step}")
        (out / "scores" / f"{name}.json").write_text(json.dumps(asdict(score)))


if __name__ == "__main__":
    main()
