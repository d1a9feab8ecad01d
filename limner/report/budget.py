"""Pages that stay small enough to send: drawn again with smaller pictures until they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from limner.files import printable, write_atomically
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
