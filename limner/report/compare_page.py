"""The page of a comparison: inputs in rows, runs in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from limner import __version__
from limner.report import summary, words
from limner.report.caveats import image_caveats, verdict
from limner.report.chart import Chart, Line, draw
from limner.report.comparison import Comparison, Measured, ordered_tags
from limner.report.curves import COLOURS
from limner.report.images import Album, EmbeddedImage, Level
from limner.report.render import Written, render, write_page
from limner.report.same_images import MatchedRow
from limner.report.sample_rows import Cell, ShownRow
from limner.report.series import SPLITS
from limner.report.time_lapse import Slot, time_lapse
from limner.runs.samples import Column, is_moving

MOST_BESIDE = 3
"""Columns that a run may make for runs to stand beside one another; with more they stand below one another."""


@dataclass(frozen=True)
class Wall:
    """The pictures of all runs.

    Attributes:
        before: columns that stay the same, before those that the runs make: the input.
        spans: how many columns each run takes.
        after: columns that stay the same behind them: the target.
        rows: of each row its label, the cells of `before`, then all others.
        stacks: instead of these, where runs stand better below one another, because a row is one picture or many: its
            label ("" for all rows together), and a row for each run.
        slots: what moves, as the cells number it.
    """

    before: list[Column]
    spans: list[int]
    after: list[Column]
    rows: list[tuple[str, list[Cell], list[Cell]]]
    stacks: list[tuple[str, list[ShownRow]]]
    slots: list[Slot]


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
    wall = _wall(comparison.rows, comparison.labels, album)
    # The caption names the step alone: the same step is another hour in another run.
    frames, pool = time_lapse(wall.slots, {}, album)
    if album.unreadable:
        notes.append(f"{words.plural(len(album.unreadable), 'picture')} cannot be read and left out.")
    curves = _curves(comparison)
    declared = [run.declaration for run in comparison.runs]
    is_metric = comparison.glossary.is_metric
    page = render(
        "compare.html.j2",
        title=" · ".join(comparison.labels),
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        comparison=comparison,
        sentences=[summary.sentence(run) for run in comparison.runs],
        colours=[number % COLOURS + 1 for number in range(len(comparison.runs))],
        titles={row.tag: comparison.glossary.title(row.tag) for row in comparison.newest},
        verdict=verdict(declared),
        wall=wall,
        inputs=not any(summary.generates(run) for run in comparison.runs),
        roomy=any(summary.between_domains(run) for run in comparison.runs),
        newest=_told(comparison, comparison.newest),
        common=_told(comparison, comparison.common),
        frames=frames,
        pool=pool,
        metrics=[chart for tag, chart in curves if tag.startswith("val/") and is_metric(tag)],
        validation=[chart for tag, chart in curves if tag.startswith("val/") and not is_metric(tag)],
        training=[chart for tag, chart in curves if not tag.startswith("val/")],
        caveats=[
            *image_caveats(declared),
            "One run a setting is one seed a setting: small differences between columns may be chance.",
        ],
        notes=notes,
    )
    return page, notes


def _wall(rows: Sequence[MatchedRow], labels: Sequence[str], album: Album) -> Wall:
    before, after = _still_columns(rows)
    made = [_made_columns(rows, run) for run in range(len(labels))]
    most = max(map(len, made))
    wall = Wall(before, [len(columns) for columns in made], after, [], [], [])
    in_one = [ShownRow(name, "", []) for name in labels] if most == 1 and not before and not after else []
    for row in rows:
        still = {column.key: album.embed(row.still(column.key)) for column in [*before, *after]}
        like = next((image for image in reversed(still.values()) if image), None)
        label = row.label[:1].upper() + row.label[1:]
        by_run = [
            _made_cells(row, run, columns, name, like, album, wall.slots)
            for run, (name, columns) in enumerate(zip(labels, made, strict=True))
        ]
        first, last = (
            [Cell(column.title, f"{column.title}: {row.label}", still[column.key]) for column in columns]
            for columns in (before, after)
        )
        if in_one:
            for shown, cells in zip(in_one, by_run, strict=True):
                shown.cells.extend(replace(cell, caption=label) for cell in cells)
        elif most > MOST_BESIDE:
            beneath = [ShownRow(name, "", [*first, *cells, *last]) for name, cells in zip(labels, by_run, strict=True)]
            wall.stacks.append((label, beneath))
        else:
            made_cells = [cell if most > 1 else replace(cell, caption="") for cells in by_run for cell in cells]
            rest = made_cells + [replace(cell, caption="") for cell in last]
            wall.rows.append((label, [replace(cell, caption=label) for cell in first], rest))
    if in_one:
        wall.stacks.append(("", in_one))
    return wall


def _made_cells(
    row: MatchedRow,
    run: int,
    columns: Sequence[Column],
    name: str,
    like: EmbeddedImage | None,
    album: Album,
    slots: list[Slot],
) -> list[Cell]:
    """What a run made of a row; adds its slots to those of the page."""
    sample = row.samples[run]
    titles = {column.key: column.title for column in sample.group.columns} if sample else {}
    cells = []
    for column in columns:
        title = titles.get(column.key, column.title)
        slot = sample.moving.get(column.key, {}) if sample else {}
        alt = ": ".join(word for word in (name, title, row.label) if word)
        cells.append(Cell(title, alt, like or album.embed(slot[max(slot)] if slot else None), len(slots)))
        slots.append(slot)
    return cells


def _still_columns(rows: Sequence[MatchedRow]) -> tuple[list[Column], list[Column]]:
    """Columns that stay the same, before and behind those that move."""
    before: dict[str, Column] = {}
    after: dict[str, Column] = {}
    for sample in (sample for row in rows for sample in row.samples if sample):
        place = before
        for column in sample.group.columns:
            path = sample.row.images.get(column.key)
            if path and is_moving(path):
                place = after
            elif path:
                known = before if column.key in before else after if column.key in after else place
                first = known.setdefault(column.key, column)
                if first.title != column.title:
                    # Rows of two directions: "Input · A" and "Input · B".
                    known[column.key] = Column(key=column.key, title=column.key.replace("_", " ").capitalize())
    return list(before.values()), list(after.values())


def _made_columns(rows: Sequence[MatchedRow], run: int) -> list[Column]:
    """Columns that a run makes, in the order of its rows; one even where it has none of them."""
    samples = [sample for row in rows if (sample := row.samples[run])]
    columns = {
        column.key: column for sample in samples for column in sample.group.columns if column.key in sample.moving
    }
    return list(columns.values()) or [Column(key="", title="")]


def _told(comparison: Comparison, rows: Sequence[Measured]) -> list[Measured]:
    """The picture metrics, and those loss terms that can be held against another run's."""
    return [
        row for row in rows if comparison.glossary.is_metric(row.tag) or len(row.values) - row.values.count(None) > 1
    ]


def _curves(comparison: Comparison) -> list[tuple[str, Chart]]:
    """One chart a tag, one line a run."""
    last_step = max(run.step for run in comparison.runs)
    found = []
    for tag in ordered_tags(comparison.series, comparison.glossary):
        about = comparison.glossary.meaning(tag)
        lines = [
            Line(series[tag], label, number % COLOURS + 1)
            for number, (series, label) in enumerate(zip(comparison.series, comparison.labels, strict=True))
            if tag in series
        ]
        split = SPLITS.get(tag.partition("/")[0], "")
        title = ", ".join(word for word in (comparison.glossary.title(tag), split) if word)
        chart = draw(
            title,
            about.text,
            lines,
            last_step,
            better=about.better,
            bounds=about.bounds,
            reference=about.reference,
            keep_raw=False,
        )
        found.append((tag, chart))
    return found
