"""The pictures of one validation, chosen by rank: best, median and worst, or least, median and most changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limner.report.reading import read_json
from limner.report.tags import DIRECTIONS

_RANKS = ("best", "least", "median", "worst", "most")


@dataclass(frozen=True)
class Ranked:
    """One validation picture with its place in the order.

    Attributes:
        scores: "l1" and "ssim", or "change" where nobody knows the truth, as far as they are known.
    """

    rank: str
    name: str
    direction: str
    scores: dict[str, float]
    input: Path | None
    output: Path | None
    returned: Path | None
    target: Path | None


@dataclass(frozen=True)
class Ranking:
    """Some pictures of one validation, direction by direction, in the order of their ranks.

    Attributes:
        by: what they are ranked by, "l1" or "change".
    """

    step: int | None = None
    by: str = "l1"
    images: list[Ranked] = field(default_factory=list)


def ranking(run: Path, notes: list[str]) -> Ranking:
    """What `samples/validation.json` names; a line in `notes` for what is named and not there."""
    path = run / "samples" / "validation.json"
    if not path.exists():
        return Ranking()
    document = read_json(path, notes)
    entries = document.get("pictures")
    images = [_ranked(run, entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    known = [image for image in images if image.rank in _RANKS and image.output is not None]
    if len(known) < len(images):
        notes.append(f"validation.json names {len(images) - len(known)} pictures that are not there; left out.")
    step = document.get("step")
    return Ranking(
        step if isinstance(step, int) else None,
        "change" if document.get("ranked_by") == "change" else "l1",
        sorted(known, key=lambda one: (one.direction, _RANKS.index(one.rank))),
    )


def _ranked(run: Path, entry: dict[str, Any]) -> Ranked:
    direction = entry.get("direction")
    return Ranked(
        rank=str(entry.get("rank", "")),
        name=str(entry.get("name", "")),
        direction=direction if isinstance(direction, str) and direction in DIRECTIONS else "",
        scores={name: float(entry[name]) for name in ("l1", "ssim", "change") if _is_number(entry.get(name))},
        **{kind: _inside(run / "samples", entry.get(kind)) for kind in ("input", "output", "returned", "target")},
    )


def _inside(folder: Path, name: Any) -> Path | None:
    """The file of that name below the folder; never one outside, whatever the name says."""
    if not isinstance(name, str):
        return None
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
