"""Several runs side by side: what differs in their settings, what was measured, and the same inputs in each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.errors import RunError
from limner.report import words
from limner.report.glossary import METRICS, Better, better
from limner.report.limits import LAMBDA
from limner.report.pictures import content_hash
from limner.report.reading import RunFiles, dig, read_run
from limner.report.samples import Sample, fixed_samples
from limner.report.series import Series, all_series
from limner.report.settings import UNSET, Difference, differing
from limner.report.summary import progress

SCHEMA = 1
"""Version of the document that `limner compare --json` prints."""
MOST_ROWS = 8


@dataclass(frozen=True)
class Measured:
    """One tag in all runs, each value with its step; None where a run did not log it. `best` counts runs from 0."""

    tag: str
    better: Better
    values: list[tuple[float, int] | None]
    best: int | None


@dataclass(frozen=True)
class Row:
    """One input picture, and the sample of each run that has exactly this input."""

    input: Path
    samples: list[Sample | None]

    @property
    def label(self) -> str:
        return next(sample.label for sample in self.samples if sample)

    @property
    def target(self) -> Path | None:
        return next((sample.target for sample in self.samples if sample and sample.target), None)


@dataclass(frozen=True)
class Comparison:
    """Everything that the page and the JSON document say.

    Attributes:
        labels: one unique name a run.
        newest: validation numbers, each at the newest validation of its run.
        common: the same at the last step that all runs validated; empty when `newest` says it already.
        same_inputs: all runs follow exactly the same input pictures.
        warnings: what makes the comparison less than fair.
        notes: what could not be read.
    """

    runs: list[RunFiles]
    labels: list[str]
    series: list[dict[str, Series]]
    differences: list[Difference]
    newest: list[Measured]
    common: list[Measured]
    common_step: int | None
    rows: list[Row]
    same_inputs: bool
    warnings: list[str]
    notes: list[str]


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Read the runs and lay them side by side.

    Raises:
        RunError: fewer than two different runs are given.
    """
    if len({path.resolve() for path in paths}) < 2 or len({path.resolve() for path in paths}) < len(paths):
        raise RunError(
            "A comparison needs at least two different runs, each named once.",
            "limner compare RUN ANOTHER-RUN --out comparison.html",
        )
    runs = [read_run(path) for path in paths]
    labels = _labels(runs)
    series = [all_series(run.metrics) for run in runs]
    differences = differing([run.recipe for run in runs])
    tags = [tag for tag in _ordered(series) if tag.startswith("val/")]
    newest = [_measured(tag, [_last(one.get(tag)) for one in series]) for tag in tags]
    step = _common_step(series, tags)
    ends = {value[1] for row in newest for value in row.values if value}
    common = [_measured(tag, [_at(one.get(tag), step) for one in series]) for tag in tags] if step is not None else []
    rows, same_inputs, warnings = _rows(runs, labels)
    return Comparison(
        runs,
        labels,
        series,
        differences,
        newest,
        common if ends != {step} else [],
        step,
        rows,
        same_inputs,
        _fairness(runs, labels, differences, ends) + warnings,
        [f"{label}: {note}" for run, label in zip(runs, labels, strict=True) for note in run.notes],
    )


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """What `--json` prints; values stand under the labels of their runs, what is not a finite number is null."""
    return {
        "schema": SCHEMA,
        "runs": [
            {
                "name": label,
                "path": str(run.path),
                "step": run.step,
                "seconds": progress(run).seconds,
                "metrics": [
                    {
                        "name": tag.partition("/")[2],
                        "split": tag.partition("/")[0],
                        "value": _finite(one.last),
                        "step": one.last_step,
                    }
                    for tag, one in sorted(series.items())
                    if tag.partition("/")[2] in METRICS or tag.startswith("val/")
                ],
            }
            for run, label, series in zip(comparison.runs, comparison.labels, comparison.series, strict=True)
        ],
        "metrics": [_row_document(row, comparison.labels) for row in comparison.newest],
        "common_step": comparison.common_step,
        "metrics_at_common_step": [
            _row_document(row, comparison.labels) for row in comparison.common or comparison.newest
        ]
        if comparison.common_step is not None
        else [],
        "differing_settings": [
            {
                "key": row.key,
                "values": {
                    label: None if value == UNSET else value
                    for label, value in zip(comparison.labels, row.values, strict=True)
                },
            }
            for row in comparison.differences
        ],
        "same_inputs": comparison.same_inputs,
        "warnings": comparison.warnings,
        "notes": comparison.notes,
    }


def _row_document(row: Measured, labels: Sequence[str]) -> dict[str, Any]:
    pairs = list(zip(labels, row.values, strict=True))
    return {
        "name": row.tag,
        "better": row.better or None,
        "values": {label: _finite(value[0]) if value else None for label, value in pairs},
        "steps": {label: value[1] if value else None for label, value in pairs},
        "best": None if row.best is None else labels[row.best],
    }


def _rows(runs: Sequence[RunFiles], labels: Sequence[str]) -> tuple[list[Row], bool, list[str]]:
    """Samples matched by the pixels of their input: place and name in the folder mean nothing across runs."""
    found: dict[str, Row] = {}
    for number, run in enumerate(runs):
        for sample in fixed_samples(run.path, most=2 * MOST_ROWS):
            key = content_hash(sample.input) if sample.input else None
            if key is None or sample.input is None:
                continue
            row = found.setdefault(key, Row(sample.input, [None] * len(runs)))
            row.samples[number] = row.samples[number] or sample
    # A stable sort: pictures that more runs share come first, validation before training within each.
    rows = sorted(found.values(), key=lambda row: row.samples.count(None))
    shared = [row for row in rows if None not in row.samples]
    same = bool(rows) and len(shared) == len(rows)
    warnings = []
    if rows and not shared:
        warnings.append(
            "No input picture is followed by all of these runs (another data set, size, direction or number of "
            "samples), so the rows have gaps: pictures in one column cannot be held against another's."
        )
    elif not same:
        apart = len(rows) - len(shared)
        warnings.append(
            f"The runs follow partly different pictures: rows are matched by the content of the input, and "
            f"{words.plural(apart, 'picture')} not followed by every run {'is' if apart == 1 else 'are'} "
            "left out."
        )
    return (shared or rows)[:MOST_ROWS], same, warnings


def _fairness(
    runs: Sequence[RunFiles], labels: Sequence[str], differences: Sequence[Difference], ends: set[int]
) -> list[str]:
    found = []
    if len(ends) > 1:
        found.append("The runs end at different steps: compare them at their last common step, not at their ends.")
    keys = {row.key for row in differences}
    if any(key.startswith("loss.") for key in keys):
        found.append(LAMBDA)
    judged_on = [dig(run.data, "names.validation") for run in runs]
    if keys & {"data.size", "data.direction", "data.fit", "data.derive.kind"} or any(
        names != judged_on[0] for names in judged_on
    ):
        found.append("The runs were not judged on the same validation pictures, so their numbers do not compare.")
    unfinished = [label for run, label in zip(runs, labels, strict=True) if progress(run).unfinished]
    if unfinished:
        found.append(f"Not finished when this page was made: {', '.join(unfinished)}.")
    return found


def _labels(runs: Sequence[RunFiles]) -> list[str]:
    """Names of the runs; with as much of their path as it takes to tell them apart."""
    paths = [run.path.resolve() for run in runs]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def _ordered(series: Sequence[Mapping[str, Series]]) -> list[str]:
    """All tags: picture metrics as the glossary orders them, then the rest as logged."""
    tags = dict.fromkeys(tag for one in series for tag in one)
    order = [f"val/{name}" for name in METRICS]
    return sorted(tags, key=lambda tag: order.index(tag) if tag in order else len(order))


def _measured(tag: str, values: list[tuple[float, int] | None]) -> Measured:
    direction = better(tag)
    finite = {number: value[0] for number, value in enumerate(values) if value and math.isfinite(value[0])}
    best = None
    if direction and len(finite) > 1 and len(set(finite.values())) > 1:
        best = (min if direction == "lower" else max)(finite, key=lambda number: finite[number])
    return Measured(tag, direction, values, best)


def _common_step(series: Sequence[Mapping[str, Series]], tags: Sequence[str]) -> int | None:
    """The last step at which every run has a validation."""
    steps = [{int(step) for tag in tags if tag in one for step in one[tag].steps} for one in series]
    return max(set.intersection(*steps), default=None)


def _last(series: Series | None) -> tuple[float, int] | None:
    return (series.last, series.last_step) if series else None


def _at(series: Series | None, step: int) -> tuple[float, int] | None:
    value = series.at(step) if series else None
    return None if value is None else (value, step)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
