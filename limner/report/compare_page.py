"""The page of a comparison: inputs in rows, runs in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from limner import __version__
from limner.report import summary, words
from limner.report.budget import Written, write_page
from limner.report.caveats import image_limits, verdict
from limner.report.chart import Chart, Line, draw
from limner.report.comparison import Comparison, Measured
from limner.report.glossary import METRICS, meaning, place
from limner.report.images import Album, Level
from limner.report.render import render
from limner.report.same_images import Row
from limner.report.sample_rows import Column, Strip
from limner.report.samples import time_lapse
from limner.report.tags import read_tag

COLOURS = 8


def write_comparison(comparison: Comparison, out: Path) -> Written:
    """Write the page of a comparison.

    Raises:
        RunError: the page cannot be written.
    """
    return write_page(out, lambda level: comparison_page(comparison, level))


def comparison_page(comparison: Comparison, level: Level) -> tuple[str, list[str]]:
    """The page as HTML, and one sentence for each thing that it had to leave out."""
    album = Album(level)
    notes = list(comparison.notes)
    outputs = [sample.outputs if sample else {} for row in comparison.rows for sample in row.samples]
    returned = [sample.returned if sample else {} for row in comparison.rows for sample in row.samples]
    # The caption names the step alone: the same step is another hour in another run.
    frames, pool = time_lapse(outputs + returned, {}, album)
    domains = [summary.between_domains(run) for run in comparison.runs]
    # Of pairs a missing target is shown as missing; between domains there usually is none.
    known = not all(domains) or any(row.target for row in comparison.rows)
    measured = not all(domains) or any(read_tag(row.tag).name == "l1" for row in comparison.newest)
    spans = [_span(comparison.rows, run) for run in range(len(comparison.runs))]
    rows = _shown(comparison, album, spans, known)
    if album.unreadable:
        notes.append(f"{words.plural(len(album.unreadable), 'picture')} cannot be read and left out.")
    curves = _curves(comparison, all(domains))
    page = render(
        "compare.html.j2",
        title=" · ".join(comparison.labels),
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        comparison=comparison,
        sentences=[summary.sentence(run) for run in comparison.runs],
        colours=[number % COLOURS + 1 for number in range(len(comparison.runs))],
        titles={row.tag: meaning(row.tag.partition("/")[2]).title for row in comparison.newest},
        verdict=verdict((row.tag for row in comparison.newest), measured),
        rows=rows,
        known=known,
        roomy=any(domains),
        spans=spans,
        newest=_told(comparison.newest),
        common=_told(comparison.common),
        frames=frames,
        pool=pool,
        metrics=[chart for tag, chart in curves if tag.startswith("val/") and read_tag(tag).name in METRICS],
        validation=[chart for tag, chart in curves if tag.startswith("val/") and read_tag(tag).name not in METRICS],
        training=[chart for tag, chart in curves if not tag.startswith("val/")],
        limits=[
            *image_limits(any(domains), any(summary.both_ways(run) for run in comparison.runs), measured),
            "One run a setting is one seed a setting: small differences between columns may be chance.",
        ],
        notes=notes,
    )
    return page, notes


def _shown(comparison: Comparison, album: Album, spans: Sequence[int], known: bool) -> list[Strip]:
    """The rows of the page, whose slots are those of all outputs, then those of all round trips."""
    found = []
    back = len(comparison.rows) * len(comparison.runs)
    for number, row in enumerate(comparison.rows):
        label, target = row.label, album.embed(row.target)
        still = album.embed(row.input)
        columns = [Column(label[0].upper() + label[1:], f"Input of {label}", still)]
        for run, (name, span) in enumerate(zip(comparison.labels, spans, strict=True)):
            slot, like = number * len(comparison.runs) + run, target or still
            columns.append(Column("Output" if max(spans) > 1 else "", f"{name}: output for {label}", like, slot))
            if span > 1:
                columns.append(Column("There and back", f"{name}: there and back for {label}", like, back + slot))
        if known:
            columns.append(Column("", f"Target of {label}", target))
        found.append(Strip(label, "", columns))
    return found


def _span(rows: Sequence[Row], run: int) -> int:
    """How many columns a run takes: the outputs, and the round trips if it has any."""
    samples = [sample for row in rows if (sample := row.samples[run])]
    return 2 if any(sample.returned for sample in samples) else 1


def _told(rows: Sequence[Measured]) -> list[Measured]:
    """The picture metrics, and those loss terms that can be held against another run's."""
    return [row for row in rows if read_tag(row.tag).name in METRICS or len(row.values) - row.values.count(None) > 1]


def _curves(comparison: Comparison, between_domains: bool) -> list[tuple[str, Chart]]:
    """One chart a tag, one line a run."""
    tags = sorted(dict.fromkeys(tag for series in comparison.series for tag in series), key=place)
    last_step = max(run.step for run in comparison.runs)
    found = []
    for tag in tags:
        about = meaning(tag.partition("/")[2], between_domains)
        lines = [
            Line(series[tag], label, number % COLOURS + 1)
            for number, (series, label) in enumerate(zip(comparison.series, comparison.labels, strict=True))
            if tag in series
        ]
        split = {"val": "validation", "train": "training"}.get(tag.partition("/")[0], "")
        chart = draw(
            f"{about.title}, {split}",
            about.text,
            lines,
            last_step,
            better=about.better,
            reference=about.reference,
            keep_raw=False,
        )
        found.append((tag, chart))
    return found
