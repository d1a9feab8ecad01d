"""What a run is, in words: one sentence on what was trained on what, and how to do it again."""

from __future__ import annotations

import json
import math
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.report import words
from limner.report.reading import Json, RunFiles, dig
from limner.report.tags import DIRECTIONS, read_tag

_LARGEST_HEADER = 100 * 1024 * 1024
_UNREADABLE = (OSError, ValueError, TypeError, AttributeError, KeyError, ArithmeticError, RecursionError, struct.error)
"""What reading a header can raise: it may say anything, be nested without end, or name a size that is no number."""
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_KINDS = {"unet": "A U-Net", "resnet": "A ResNet", "original-unet": "An original U-Net"}
_DOMAIN_METHODS = ("cyclegan", "cut")
_DRAWN = {"daynight": ("facades by day", "facades by night")}
_DERIVED = {
    "edges": "edges → photograph",
    "grey": "grey → colour",
    "low-resolution": "low resolution → full resolution",
    "blur-noise": "blurred and noisy → clean",
}


@dataclass(frozen=True)
class Progress:
    """How far a run is. `planned` is None when the recipe gives epochs or time."""

    step: int
    planned: int | None
    seconds: float | None
    epoch: float | None

    @property
    def unfinished(self) -> bool:
        return self.planned is not None and self.step < self.planned


@dataclass(frozen=True)
class Command:
    """A command ready to paste, and what it does."""

    purpose: str
    line: str


def progress(run: RunFiles) -> Progress:
    """Where the log of a run ends."""
    last = run.metrics[-1] if run.metrics else {}
    planned = dig(run.recipe, "training.steps")
    return Progress(
        run.step,
        planned if isinstance(planned, int) else None,
        _number(last.get("seconds")),
        _number(last.get("epoch")),
    )


def between_domains(run: RunFiles) -> bool:
    """Whether its method learns from pictures of two domains, A and B, rather than from pairs."""
    return images(run.data, "train A") is not None or dig(run.recipe, "method") in _DOMAIN_METHODS


def both_ways(run: RunFiles) -> bool:
    """Whether it learns to translate back as well."""
    return dig(run.recipe, "method") == "cyclegan" or any(read_tag(tag).direction for tag in run.tags)


def sentence(run: RunFiles) -> str:
    """One sentence for the head of the page; what is not known is left out of it."""
    far = progress(run)
    parameters = generator_parameters(run.path)
    size, batch = dig(run.recipe, "data.size"), dig(run.recipe, "training.batch")
    device = device_name(run.environment)
    text = _KINDS.get(str(dig(run.recipe, "generator.kind")), "A generator")
    text += f" of {words.count(parameters)} parameters" if parameters else ""
    text += " in each direction" if both_ways(run) else ""
    text += f" learnt {task(run)}{_source(run)}"
    text += f" at {size} px" if size else ""
    if not far.step:
        return f"{text}: it has just begun, nothing is measured yet."
    text += (f", batch {batch}" if batch else "") + f", {words.plural(far.step, 'step')}"
    text += f" in {words.duration(far.seconds)}" if far.seconds else ""
    return text + (f" on {device}" if device else "") + "."


def task(run: RunFiles) -> str:
    """What becomes what."""
    derived = dig(run.recipe, "data.derive.kind")
    if derived:
        return _DERIVED.get(str(derived), str(derived))
    if both_ways(run):
        return "A ⇄ B"
    return "B → A" if dig(run.recipe, "data.direction") == "BtoA" else "A → B"


def _source(run: RunFiles) -> str:
    """How many pictures it learnt from, and whose."""
    folder, folder_b = (Path(str(dig(run.recipe, f"data.{key}") or "")).name for key in ("path", "path_b"))
    if not between_domains(run):
        pairs = images(run.data, "train")
        return (f" from {words.plural(pairs, 'pair')}" + (f" of “{folder}”" if folder else "")) if pairs else ""
    a, b = domain_images(run, "train")
    if not a or not b:
        return ""
    text = f" from {words.plural(a, 'picture')} of A{{}} and {b:,} of B{{}}"
    drawn = _DRAWN.get(str(dig(run.recipe, "data.synthetic.task")))
    if folder and folder_b:
        text = text.format(f" (“{folder}”)", f" (“{folder_b}”)")
    elif drawn and not folder:
        text = text.format(*(f" ({kind})" for kind in drawn))
    else:
        text = text.format("", f" in “{folder}”" if folder else "")
    return text + (", taken in pairs," if dig(run.recipe, "data.paired") is True else "")


def images(data: Json, split: str) -> int | None:
    """Pictures or pairs of a split such as "train" or "validation B", as data.json counts them."""
    counts = data.get("counts")
    found = counts.get(split) if isinstance(counts, dict) else None
    if isinstance(found, dict):
        found = found.get("pairs")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def domain_images(run: RunFiles, split: str) -> tuple[int | None, int | None]:
    """Pictures of domain A and of B, as the recipe calls them: data.json calls A what is translated."""
    a, b = (images(run.data, f"{split} {domain}") for domain in "AB")
    return (b, a) if dig(run.recipe, "data.direction") == "BtoA" else (a, b)


def device_name(environment: Json) -> str:
    """What did the work: the GPU by name, or the processor and its threads."""
    device = str(environment.get("device") or "")
    if device and device != "cpu":
        return device
    processor, threads = str(environment.get("processor") or "a CPU"), environment.get("threads")
    return f"{processor} ({words.plural(threads, 'thread')})" if isinstance(threads, int) else device


def generator_parameters(run: Path) -> int | None:
    """Parameters of the generator, or of that from A to B, counted in the header of a checkpoint; None without one."""
    for path in sorted(run.glob("checkpoints/*/model.safetensors"), reverse=True):
        try:
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                header = json.loads(file.read(length)) if length < _LARGEST_HEADER else {}
            shapes = [
                tensor["shape"]
                for name, tensor in header.items()
                if name.startswith(("generator.", "generator_ab.")) and not name.endswith(_STATISTICS)
            ]
            if shapes:
                return round(sum(float(math.prod(shape)) for shape in shapes))
        except _UNREADABLE:
            continue
    return None


def repeat(run: RunFiles) -> list[Command]:
    """What to paste to do it again, to go on, and to use it."""
    folder = shlex.quote(str(run.path))
    recipe = shlex.quote(str(run.path / "recipe.yaml"))
    commands = [Command("Train it again, from the same recipe and seed", f"limner train {recipe}")]
    far = progress(run)
    if far.unfinished:
        commands.append(Command("Go on where it stopped", f"limner train --resume {folder}"))
    elif far.planned:
        line = f"limner train --resume {folder} training.steps={2 * far.planned}"
        commands.append(Command("Train it for twice as long", line))
    if not both_ways(run):
        return [*commands, Command("Use it on new pictures", f"limner translate {folder} PICTURES --out translated")]
    return commands + [
        Command(
            f"Use it on new pictures, {way}",
            f"limner translate {folder} PICTURES --out translated-{direction} --direction {direction}",
        )
        for direction, way in DIRECTIONS.items()
    ]


def environment_command(environment: Json) -> Command | None:
    """Installs the versions that the run was made with."""
    names = ("limner", "torch", "torchvision")
    pins = [f"{name}=={environment[name]}" for name in names if isinstance(environment.get(name), str)]
    if not pins:
        return None
    # A local version such as 2.11.0+cpu cannot be asked of the package index.
    return Command(
        "Install the same versions first", "pip install " + " ".join(shlex.quote(pin.partition("+")[0]) for pin in pins)
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
