"""One self-contained page: a template with styles and script inside, everything of the run escaped, small enough to
send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from limner.files import printable, write_atomically
from limner.report import words
from limner.report.images import LEVELS, Level

BUDGET = 15_000_000
"""Bytes that a page should stay under; one that cannot is written all the same, and a note says so."""


@dataclass(frozen=True)
class Written:
    """A page on the disk; `notes` says what was left out of it."""

    path: Path
    bytes: int
    notes: list[str]


def write_page(path: Path, draw: Callable[[Level], tuple[str, list[str]]]) -> Written:
    """Write a page at the best level of quality that fits the budget.

    Args:
        draw: gives the page as HTML, and one sentence for each thing that it leaves out.

    Raises:
        RunError: the page cannot be written.
    """
    for level in LEVELS:
        page, notes = draw(level)
        data = printable(page).encode()
        if len(data) < BUDGET:
            break
    else:
        excess = f"the page has {len(data) / 1e6:.1f} MB, over the {BUDGET / 1e6:.0f} MB that it should stay under"
        notes = [*notes, f"Larger pictures: even with the smallest ones {excess}."]
    write_atomically(path, data)
    return Written(path, len(data), notes)


def render(template: str, **context: Any) -> str:
    """The page of a template in `templates/`."""
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("limner.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own two files, never anything of a run, so they may pass unescaped.
    environment.globals["style"] = _own("style.css")
    environment.globals["script"] = _own("page.js")
    environment.filters["number"] = words.number
    environment.filters["setting"] = words.setting
    environment.filters["plural"] = words.plural
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":"), "ensure_ascii": False}
    return environment


def _own(name: str) -> Markup:
    return Markup(files("limner.report").joinpath("templates", name).read_text(encoding="utf-8"))
