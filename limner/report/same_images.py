"""The same pictures in several runs, found by their content: place and name in a folder mean nothing across runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.report import words
from limner.report.images import content_hash
from limner.report.reading import RunFiles, dig
from limner.report.samples import Sample, fixed_samples
from limner.report.summary import both_ways
from limner.report.tags import DIRECTIONS

MOST_ROWS = 8


@dataclass(frozen=True)
class Row:
    """One input picture in one direction, and the sample of each run that has exactly this input.

    Attributes:
        direction: "AtoB" or "BtoA"; empty where no run has more than one.
    """

    input: Path
    direction: str
    samples: list[Sample | None]

    @property
    def label(self) -> str:
        label = next(sample.label for sample in self.samples if sample)
        return f"{label}, {DIRECTIONS[self.direction]}" if self.direction else label

    @property
    def target(self) -> Path | None:
        return next((sample.target for sample in self.samples if sample and sample.target), None)


@dataclass(frozen=True)
class Matched:
    """The pictures of some runs side by side.

    Attributes:
        rows: at most `MOST_ROWS`; those that all runs share, or any if there is none.
        ways: of each run with one direction the one that it stands for beside runs with two; else "".
        same_inputs: all runs follow exactly the same pictures.
        warnings: what makes the rows less than complete.
    """

    rows: list[Row]
    ways: list[str]
    same_inputs: bool
    warnings: list[str]


def match_images(runs: Sequence[RunFiles]) -> Matched:
    """Lay the followed pictures of the runs side by side, by the pixels of the input and by direction."""
    hashed = [_hashed(run) for run in runs]
    ways = _ways(runs, hashed)
    found: dict[tuple[str, str], Row] = {}
    for number, (samples, way) in enumerate(zip(hashed, ways, strict=True)):
        for key, path, sample in samples:
            direction = sample.direction or way
            row = found.setdefault((key, direction), Row(path, direction, [None] * len(runs)))
            row.samples[number] = row.samples[number] or sample
    # A stable sort: pictures that more runs share come first, validation before training within each.
    rows = sorted(found.values(), key=lambda row: row.samples.count(None))
    shared = [row for row in rows if None not in row.samples]
    same = bool(rows) and len(shared) == len(rows)
    return Matched((shared or rows)[:MOST_ROWS], ways, same, _warnings(runs, ways, rows, shared))


def _hashed(run: RunFiles) -> list[tuple[str, Path, Sample]]:
    found = []
    for sample in fixed_samples(run.path, most=2 * MOST_ROWS):
        key = content_hash(sample.input) if sample.input else None
        if key is not None and sample.input is not None:
            found.append((key, sample.input, sample))
    return found


def _ways(runs: Sequence[RunFiles], hashed: Sequence[Sequence[tuple[str, Path, Sample]]]) -> list[str]:
    """Beside a run that translates both ways, any other stands for the direction in which that one has its inputs."""
    if not any(both_ways(run) for run in runs):
        return [""] * len(runs)
    directions = {key: sample.direction for samples in hashed for key, _, sample in samples if sample.direction}
    ways = []
    for run, samples in zip(runs, hashed, strict=True):
        votes = Counter(directions[key] for key, _, _ in samples if key in directions)
        said = "BtoA" if dig(run.recipe, "data.direction") == "BtoA" else "AtoB"
        ways.append("" if both_ways(run) else votes.most_common(1)[0][0] if votes else said)
    return ways


def _warnings(runs: Sequence[RunFiles], ways: Sequence[str], rows: Sequence[Row], shared: Sequence[Row]) -> list[str]:
    if rows and not shared:
        return [
            "No input picture is followed by all of these runs (another data set, size, direction or number of "
            "samples), so the rows have gaps: pictures in one column cannot be held against another's."
        ]
    found = []
    # A direction that some run does not translate in at all.
    lacking = [direction for direction in DIRECTIONS if any(way not in ("", direction) for way in ways)]
    if shared and any(row.direction in lacking for row in rows):
        one = " and ".join(DIRECTIONS[direction] for direction in lacking)
        found.append(f"Not every run translates {one}, so those pictures are left out.")
    apart = len([row for row in rows if row not in shared and row.direction not in lacking])
    if apart:
        found.append(
            f"The runs follow partly different pictures: rows are matched by the content of the input, and "
            f"{words.plural(apart, 'picture')} not followed by every run {'is' if apart == 1 else 'are'} "
            "left out."
        )
    return found
