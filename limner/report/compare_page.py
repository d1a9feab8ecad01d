"""The page of a comparison: inputs in rows, runs in columns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from limner import __version__
from limner.report import summary, words
from limner.report.budget import Written, write_page
from limner.report.chart import Chart, Line, draw
from limner.report.comparison import Comparison
from limner.report.glossary import METRICS, meaning
from limner.report.limits import BLUR
from limner.report.pictures import Album, Level
from limner.report.render import render
from limner.report.samples import time_lapse

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
    slots = [sample.outputs if sample else {} for row in comparison.rows for sample in row.samples]
    # The caption names the step alone: the same step is another hour in another run.
    frames, pool = time_lapse(slots, {}, album)
    columns = len(comparison.runs)
    rows = [
        (row.label, album.embed(row.input), album.embed(row.target), [number * columns + run for run in range(columns)])
        for number, row in enumerate(comparison.rows)
    ]
    if album.unreadable:
        notes.append(f"{words.plural(len(album.unreadable), 'picture')} cannot be read and left out.")
    curves = _curves(comparison)
    page = render(
        "compare.html.j2",
        title=" · ".join(comparison.labels),
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        comparison=comparison,
        sentences=[summary.sentence(run) for run in comparison.runs],
        colours=[number % COLOURS + 1 for number in range(columns)],
        titles={row.tag: meaning(row.tag.partition("/")[2]).title for row in comparison.newest},
        rows=rows,
        frames=frames,
        pool=pool,
        metrics=[chart for tag, chart in curves if tag.startswith("val/") and tag[4:] in METRICS],
        validation=[chart for tag, chart in curves if tag.startswith("val/") and tag[4:] not in METRICS],
        training=[chart for tag, chart in curves if not tag.startswith("val/")],
        limits=[BLUR, "One run a setting is one seed a setting: small differences between columns may be chance."],
        notes=notes,
    )
    return page, notes


def _curves(comparison: Comparison) -> list[tuple[str, Chart]]:
    """One chart a tag, one line a run."""
    tags = sorted(
        dict.fromkeys(tag for series in comparison.series for tag in series),
        key=lambda tag: list(METRICS).index(tag[4:]) if tag[4:] in METRICS else len(METRICS),
    )
    last_step = max(run.step for run in comparison.runs)
    found = []
    for tag in tags:
        about = meaning(tag.partition("/")[2])
        lines = [
            Line(series[tag], label, number % COLOURS + 1)
            for number, (series, label) in enumerate(zip(comparison.series, comparison.labels, strict=True))
            if tag in series
        ]
        split = {"val": "validation", "train": "training"}.get(tag.partition("/")[0], "")
        chart = draw(f"{about.title}, {split}", about.text, lines, last_step, better=about.better, keep_raw=False)
        found.append((tag, chart))
    return found
