"""Several runs side by side: what differs in their settings, what was measured, and the same inputs in each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limner.errors import RunError
from limner.report.caveats import WEIGHTS
from limner.report.glossary import Glossary
from limner.report.same_images import MatchedRow, match_images
from limner.report.series import Series, all_series, read_tag
from limner.report.settings import UNSET, SettingDifference, differing
from limner.report.summary import both_ways, progress
from limner.runs.declaration import Better
from limner.runs.reading import RunFiles, read_run

SCHEMA = 1
"""Version of the document that `limner compare --json` prints."""


@dataclass(frozen=True)
class Measured:
    """One tag in all runs, each value with its step; None where a run did not log it.

    Attributes:
        best: the run with the best value, counted from 0; None where that would say nothing, as where a copy wins.
    """

    tag: str
    better: Better
    values: list[tuple[float, int] | None]
    best: int | None


@dataclass(frozen=True)
class Comparison:
    """Everything that the page and the JSON document say.

    Attributes:
        labels: one unique name a run.
        glossary: what the tags of all runs mean.
        newest: validation numbers, each at the newest validation of its run.
        common: the same at the last step that all runs validated; empty when `newest` says it already.
        same_inputs: all runs follow exactly the same input pictures.
        warnings: what makes the comparison less than fair.
        notes: what could not be read.
    """

    runs: list[RunFiles]
    labels: list[str]
    glossary: Glossary
    series: list[dict[str, Series]]
    differences: list[SettingDifference]
    newest: list[Measured]
    common: list[Measured]
    common_step: int | None
    rows: list[MatchedRow]
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
    matched = match_images(runs)
    glossary = Glossary(*(run.declaration for run in runs))
    series = [_directed(all_series(run.metrics), way, glossary) for run, way in zip(runs, matched.ways, strict=True)]
    differences = differing([run.recipe for run in runs])
    tags = [tag for tag in ordered_tags(series, glossary) if tag.startswith("val/")]
    unlike = _unlike(runs)
    newest = [_measured(tag, [_last(one.get(tag)) for one in series], glossary, unlike) for tag in tags]
    step = _common_step(series, tags)
    ends = {value[1] for row in newest for value in row.values if value}
    at_step = [] if step is None else [(tag, [_at(one.get(tag), step) for one in series]) for tag in tags]
    common = [_measured(tag, values, glossary, unlike) for tag, values in at_step]
    return Comparison(
        runs,
        labels,
        glossary,
        series,
        differences,
        newest,
        common if ends != {step} else [],
        step,
        matched.rows,
        matched.same_inputs,
        _fairness(runs, labels, differences, ends, unlike, glossary) + matched.warnings,
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
                    if comparison.glossary.is_metric(tag) or tag.startswith("val/")
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


def ordered_tags(series: Sequence[Mapping[str, Series]], glossary: Glossary) -> list[str]:
    """All tags: metrics in their order, direction by direction, then the terms of losses, then the rest as logged."""
    return sorted(dict.fromkeys(tag for one in series for tag in one), key=glossary.place)


def _fairness(
    runs: Sequence[RunFiles],
    labels: Sequence[str],
    differences: Sequence[SettingDifference],
    ends: set[int],
    unlike: Set[str],
    glossary: Glossary,
) -> list[str]:
    found = []
    if len(ends) > 1:
        found.append("The runs end at different steps: compare them at their last common step, not at their ends.")
    keys = {row.key for row in differences}
    if any(key.startswith("loss.") for key in keys):
        found.append(WEIGHTS)
    if unlike:
        titles = ", ".join(sorted({glossary.meaning(name).title for name in unlike}))
        found.append(f"Not measured in the same way in all of these runs, so no best is marked: {titles}.")
    decisive = {"data.size", "data.direction", "data.fit", "data.derive.kind"}
    if any(both_ways(run) for run in runs):
        # The rows of the table name the direction.
        decisive.remove("data.direction")
    judged_on = [_judged_on(run) for run in runs]
    if keys & decisive or any(names != judged_on[0] for names in judged_on):
        found.append("The runs were not judged on the same validation pictures, so their numbers do not compare.")
    unfinished = [label for run, label in zip(runs, labels, strict=True) if progress(run).unfinished]
    if unfinished:
        found.append(f"Not finished when this page was made: {', '.join(unfinished)}.")
    return found


def _unlike(runs: Sequence[RunFiles]) -> set[str]:
    """Names of the metrics that are not the same thing in all of the runs that declare them."""
    said: dict[str, set[str]] = {}
    for run in runs:
        for metric in run.declaration.metrics if run.declaration else []:
            said.setdefault(metric.name, set()).add(metric.sentence)
    return {name for name, sentences in said.items() if len(sentences) > 1}


def _judged_on(run: RunFiles) -> list[Any]:
    """Names of the validation pictures of both kinds, whichever of them is called A."""
    names = run.data.get("names")
    if not isinstance(names, dict):
        return []
    both = [names.get(f"validation {domain}", names.get("validation")) for domain in "AB"]
    return sorted(both, key=str)


def _labels(runs: Sequence[RunFiles]) -> list[str]:
    """Names of the runs; with as much of their path as it takes to tell them apart."""
    paths = [run.path.resolve() for run in runs]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def _directed(series: Mapping[str, Series], way: str, glossary: Glossary) -> dict[str, Series]:
    """The series with the direction named in the tags of metrics, as runs with two directions log them."""
    found = {}
    for tag, one in series.items():
        parts = read_tag(tag)
        named = way and glossary.is_metric(tag) and not parts.direction
        key = f"{parts.split}/{way}/{parts.name}" if named else tag
        found[key] = replace(one, tag=key)
    return found


def _measured(tag: str, values: list[tuple[float, int] | None], glossary: Glossary, unlike: Set[str]) -> Measured:
    about = glossary.meaning(tag)
    comparable = not about.copy_wins and read_tag(tag).name not in unlike
    finite = {number: value[0] for number, value in enumerate(values) if value and math.isfinite(value[0])}
    best = None
    if about.better and comparable and len(finite) > 1 and len(set(finite.values())) > 1:
        best = (min if about.better == "lower" else max)(finite, key=lambda number: finite[number])
    return Measured(tag, about.better, values, best)


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
