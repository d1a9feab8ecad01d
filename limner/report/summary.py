"""What a run is, in words: one sentence on what was trained on what, and how to do it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from limner.report import words
from limner.runs.declaration import ARROWS
from limner.runs.documents import Json
from limner.runs.reading import RunFiles, dig

_SYNTHETIC = {"daynight": ("facades by day", "facades by night")}
"""Pairs of kinds that limner draws itself, by `data.synthetic.task`."""
_DERIVED = {
    "edges": "edges → photograph",
    "grey": "grey → colour",
    "low-resolution": "low resolution → full resolution",
    "blur-noise": "blurred and noisy → clean",
}
"""What becomes what, by `data.derive.kind`."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. `planned` is None when the recipe gives epochs or time; the others where nothing is logged."""

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
    planned = dig(run.recipe, "training.steps")
    last = run.metrics[-1] if run.metrics else None
    return Progress(
        run.step,
        planned if isinstance(planned, int) else None,
        last.seconds if last else None,
        last.epoch if last else None,
    )


def between_domains(run: RunFiles) -> bool:
    """Whether it learns from pictures of two domains, A and B, rather than from pairs."""
    if run.declaration is not None:
        return run.declaration.domains
    return bool(dig(run.data, "kind") == "domains")


def both_ways(run: RunFiles) -> bool:
    """Whether it learns to translate back as well."""
    return run.declaration is not None and len(run.declaration.directions) > 1


def generates(run: RunFiles) -> bool:
    """Whether its pictures are made from random numbers, not from other pictures."""
    if run.declaration is not None:
        return run.declaration.task == "generate"
    return dig(run.data, "kind") in ("labelled", "images")


def sentence(run: RunFiles) -> str:
    """One sentence for the head of the page; what is not known is left out of it."""
    far = progress(run)
    size, batch = dig(run.recipe, "data.size"), dig(run.recipe, "training.batch")
    device = device_name(run.environment)
    text = f"{_model(run)} learnt {task(run)}{_source(run)}"
    text += f" at {size} px" if size else ""
    if not far.step:
        return f"{text}: it has just begun, nothing is measured yet."
    text += (f", batch {batch}" if batch else "") + f", {words.plural(far.step, 'step')}"
    text += f" in {words.duration(far.seconds)}" if far.seconds else ""
    return text + (f" on {device}" if device else "") + "."


def _model(run: RunFiles) -> str:
    if run.declaration is None:
        return "A model"
    model = run.declaration.model
    text = f"{'An' if model.title[:1] in 'aeioAEIO' else 'A'} {model.title or 'model'}"
    text += f" of {words.count(model.parameters)} parameters" if model.parameters else ""
    return text + (" in each direction" if both_ways(run) and model.networks > 1 else "")


def task(run: RunFiles) -> str:
    """What becomes what, or what is made."""
    if generates(run):
        classes = len(run.declaration.classes) if run.declaration else 0
        return f"to generate pictures of {classes:,} classes" if classes > 1 else "to generate pictures"
    derived = dig(run.recipe, "data.derive.kind")
    if derived:
        return _DERIVED.get(str(derived), str(derived))
    if both_ways(run):
        return "A ⇄ B"
    return "B → A" if dig(run.recipe, "data.direction") == "BtoA" else "A → B"


def _source(run: RunFiles) -> str:
    """How many pictures it learnt from, and whose."""
    folder, folder_b = (Path(str(dig(run.recipe, f"data.{key}") or "")).name for key in ("path", "path_b"))
    found = counts(run, "train")
    if "" in found:
        unit = "pair" if _unit(run) == "pair" else "picture"
        return f" from {words.plural(found[''], unit)}" + (f" of “{folder}”" if folder else "")
    if not found.get("A") or not found.get("B"):
        return ""
    text = f" from {words.plural(found['A'], 'picture')} of A{{}} and {found['B']:,} of B{{}}"
    drawn = _SYNTHETIC.get(str(dig(run.recipe, "data.synthetic.task")))
    if folder and folder_b:
        text = text.format(f" (“{folder}”)", f" (“{folder_b}”)")
    elif drawn and not folder:
        text = text.format(*(f" ({kind})" for kind in drawn))
    else:
        text = text.format("", f" in “{folder}”" if folder else "")
    return text + (", taken in pairs," if dig(run.recipe, "data.paired") is True else "")


def counts(run: RunFiles, split: str) -> dict[str, int]:
    """Pictures or pairs of a split, as data.json counts them: under "", or of two domains under "A" and "B".

    The domains are those of the recipe; data.json calls A what is translated.
    """
    said = dig(run.data, "counts")
    whole = {
        name: count
        for name, count in (said if isinstance(said, dict) else {}).items()
        if isinstance(count, int) and not isinstance(count, bool)
    }
    if split in whole:
        return {"": whole[split]}
    swapped = dig(run.recipe, "data.direction") == "BtoA"
    named = {"A": f"{split} {'B' if swapped else 'A'}", "B": f"{split} {'A' if swapped else 'B'}"}
    return {domain: whole[name] for domain, name in named.items() if name in whole}


def _unit(run: RunFiles) -> str:
    unit = dig(run.data, "unit")
    return unit if isinstance(unit, str) else "image" if generates(run) else "pair"


def device_name(environment: Json) -> str:
    """What did the work: the GPU by name, or the processor and its threads."""
    device = str(environment.get("device") or "")
    if device and device != "cpu":
        return device
    processor, threads = str(environment.get("processor") or "a CPU"), environment.get("threads")
    return f"{processor} ({words.plural(threads, 'thread')})" if isinstance(threads, int) else device


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
    if generates(run):
        return [*commands, Command("Make this page again", f"limner report {folder}")]
    if not both_ways(run):
        return [*commands, Command("Use it on new pictures", f"limner translate {folder} PICTURES --out translated")]
    return commands + [
        Command(
            f"Use it on new pictures, {way}",
            f"limner translate {folder} PICTURES --out translated-{direction} --direction {direction}",
        )
        for direction, way in ARROWS.items()
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
