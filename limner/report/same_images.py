"""The same rows in several runs: by the content of their input, for a place and a name mean nothing across runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.report import words
from limner.report.images import content_hash
from limner.report.sample_rows import MOST_ROWS, MovingRow, moving_rows
from limner.report.summary import both_ways
from limner.runs.declaration import ARROWS
from limner.runs.reading import RunFiles, dig

INPUT = "input"
"""Key of the column that tells rows apart. A row without it, as a generator makes from noise, is known by its name."""


@dataclass(frozen=True)
class MatchedRow:
    """One row, and what each run made of it.

    Attributes:
        direction: "AtoB" or "BtoA"; empty where no run has more than one.
        samples: of each run the row with exactly this input, or None.
    """

    direction: str
    samples: list[MovingRow | None]

    @property
    def label(self) -> str:
        label = next(sample.row.title for sample in self.samples if sample)
        return f"{label}, {ARROWS[self.direction]}" if self.direction else label

    def still(self, key: str) -> Path | None:
        """The image of a column that stays the same, from the first run that has it."""
        return next((sample.still[key] for sample in self.samples if sample and key in sample.still), None)


@dataclass(frozen=True)
class Matched:
    """The pictures of some runs side by side.

    Attributes:
        rows: at most `MOST_ROWS`; those that all runs share, or any if there is none.
        ways: of each run with one direction the one that it stands for beside runs with two; else "".
        same_inputs: all runs follow exactly the same pictures.
        warnings: what makes the rows less than complete.
    """

    rows: list[MatchedRow]
    ways: list[str]
    same_inputs: bool
    warnings: list[str]


def match_images(runs: Sequence[RunFiles]) -> Matched:
    """Lay the followed rows of the runs side by side, by the pixels of the input and by direction."""
    keyed = [_keyed(run) for run in runs]
    ways = _ways(runs, keyed)
    found: dict[tuple[str, str], MatchedRow] = {}
    for number, (samples, way) in enumerate(zip(keyed, ways, strict=True)):
        for key, sample in samples:
            direction = sample.group.direction or way
            row = found.setdefault((key, direction), MatchedRow(direction, [None] * len(runs)))
            row.samples[number] = row.samples[number] or sample
    # A stable sort: pictures that more runs share come first, validation before training within each.
    rows = sorted(found.values(), key=lambda row: row.samples.count(None))
    shared = [row for row in rows if None not in row.samples]
    same = bool(rows) and len(shared) == len(rows)
    return Matched((shared or rows)[:MOST_ROWS], ways, same, _warnings(runs, ways, rows, shared))


def _keyed(run: RunFiles) -> list[tuple[str, MovingRow]]:
    found: list[tuple[str, MovingRow]] = []
    for sample in moving_rows(run, most=2 * MOST_ROWS):
        if INPUT in sample.row.images:
            key = content_hash(sample.still[INPUT]) if INPUT in sample.still else None
        else:
            key = f"{sample.group.key}/{sample.row.name}"
        if key is not None:
            found.append((key, sample))
    return found


def _ways(runs: Sequence[RunFiles], keyed: Sequence[Sequence[tuple[str, MovingRow]]]) -> list[str]:
    """Beside a run that translates both ways, any other stands for the direction in which that one has its inputs."""
    if not any(both_ways(run) for run in runs):
        return [""] * len(runs)
    directions = {key: sample.group.direction for samples in keyed for key, sample in samples if sample.group.direction}
    ways = []
    for run, samples in zip(runs, keyed, strict=True):
        votes = Counter(directions[key] for key, _ in samples if key in directions)
        said = "BtoA" if dig(run.recipe, "data.direction") == "BtoA" else "AtoB"
        ways.append("" if both_ways(run) else votes.most_common(1)[0][0] if votes else said)
    return ways


def _warnings(
    runs: Sequence[RunFiles], ways: Sequence[str], rows: Sequence[MatchedRow], shared: Sequence[MatchedRow]
) -> list[str]:
    if rows and not shared:
        return [
            "No input picture is followed by all of these runs (another data set, size, direction or number of "
            "samples), so the rows have gaps: pictures in one column cannot be held against another's."
        ]
    found = []
    # A direction that some run does not translate in at all.
    lacking = [direction for direction in ARROWS if any(way not in ("", direction) for way in ways)]
    if shared and any(row.direction in lacking for row in rows):
        one = " and ".join(ARROWS[direction] for direction in lacking)
        found.append(f"Not every run translates {one}, so those pictures are left out.")
    apart = len([row for row in rows if row not in shared and row.direction not in lacking])
    if apart:
        found.append(
            f"The runs follow partly different pictures: rows are matched by the content of the input, and "
            f"{words.plural(apart, 'picture')} not followed by every run {'is' if apart == 1 else 'are'} "
            "left out."
        )
    return found
