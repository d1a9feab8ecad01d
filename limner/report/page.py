"""The report of one run: everything that its folder can tell, on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from limner import __version__
from limner.report import summary, words
from limner.report.caveats import alerts, run_caveats, verdict, with_direction
from limner.report.curves import key_tiles, run_curves
from limner.report.glossary import Glossary
from limner.report.images import Album, Level
from limner.report.render import Written, render, write_page
from limner.report.sample_rows import (
    moving_rows,
    moving_slots,
    moving_stages,
    newest_rows,
    ranked_groups,
    still_row,
)
from limner.report.series import all_series
from limner.report.settings import changed_from_shipped, flatten
from limner.report.time_lapse import captions, time_lapse
from limner.runs.documents import Json
from limner.runs.folder import RunFolder
from limner.runs.reading import RunFiles, dig, read_run
from limner.runs.samples import newest_grid


def write_report(run: Path, out: Path | None = None) -> Written:
    """Write the page of a run folder, by default as `report.html` in it.

    Whatever is missing, half-written or damaged in the folder is left out and named on the page.

    Raises:
        RunError: the page cannot be written.
    """
    files = read_run(run)
    return write_page(out or RunFolder(run).report_path, lambda level: report_page(files, level))


def report_page(run: RunFiles, level: Level) -> tuple[str, list[str]]:
    """The page as HTML, and one sentence for each thing that it had to leave out."""
    album = Album(level)
    notes = list(run.notes)
    series, glossary = all_series(run.metrics), Glossary(run.declaration)
    rows = moving_rows(run)
    frames, pool = time_lapse(moving_slots(rows), captions(run), album)
    newest = newest_rows(rows, album)
    real = still_row(run, album)
    grid = None if rows else album.embed(newest_grid(run.folder))
    if not rows and grid is None:
        notes.append("There are no sample pictures (yet), so none are shown.")
    ranked = ranked_groups(run, glossary, album, notes)
    stages = moving_stages(rows, album)
    if album.unreadable:
        names = ", ".join(sorted(set(album.unreadable))[:5])
        notes.append(f"{words.plural(len(album.unreadable), 'picture')} cannot be read and left out: {names}.")
    page = render(
        "report.html.j2",
        title=run.name,
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        about=[line for line in (dig(run.recipe, "about.title"), dig(run.recipe, "about.paper")) if line],
        sentence=summary.sentence(run),
        progress=summary.progress(run),
        alerts=alerts(run, series),
        notes=notes,
        # Pictures that no number can vouch for must be large enough to judge by eye.
        roomy=summary.between_domains(run),
        newest=newest,
        real=real,
        grid=grid,
        tiles=key_tiles(series, glossary),
        verdict=verdict([run.declaration]),
        range=_range(run, glossary),
        ranked=ranked,
        frames=frames,
        pool=pool,
        stages=stages,
        curves=run_curves(series, glossary, run.step),
        numbers=[
            (one, one.best(better), better)
            for tag, one in sorted(series.items())
            for better in [glossary.meaning(tag).better]
        ],
        data=_shown(run.data),
        unreadable=_unreadable(run.data),
        settings=flatten(run.recipe),
        shipped=changed_from_shipped(run.recipe),
        environment=flatten(run.environment),
        events=_history(run),
        install=summary.environment_command(run.environment),
        commands=summary.repeat(run),
        caveats=run_caveats(run, series),
    )
    return page, notes


def _range(run: RunFiles, glossary: Glossary) -> tuple[str, str]:
    """Heading and introduction of the ranked pictures."""
    if run.ranked is None:
        return "", ""
    titles = list(dict.fromkeys(group.title for group in run.ranked.groups))
    order = f", ordered by {glossary.meaning(run.ranked.ranked_by).title}" if run.ranked.ranked_by else ""
    step = "" if run.ranked.step is None else f", at step {run.ranked.step:,}"
    return words.listed(titles), f"Validation pictures{order}{step}. {run.ranked.sentence}"


def _shown(data: Json) -> dict[str, str]:
    """The facts of data.json as lines of a table. Names are counted already, warnings stand among the caveats."""
    left_out = ("unreadable", "warnings", "names", "schema")
    flat = flatten({key: value for key, value in data.items() if key not in left_out})
    return {key: _entries(value) if isinstance(value, list) else words.setting(value) for key, value in flat.items()}


def _entries(values: list[Any]) -> str:
    if len(values) > 6:
        return words.plural(len(values), "entry", "entries")
    return ", ".join(map(str, values)) or "none"


def _unreadable(data: Json) -> list[tuple[str, str]]:
    entries = data.get("unreadable")
    if not isinstance(entries, list):
        return []
    return [
        (str(entry.get("file", "")), str(entry.get("reason", ""))) if isinstance(entry, dict) else (str(entry), "")
        for entry in entries
    ]


def _history(run: RunFiles) -> list[tuple[str, str, str]]:
    """Step, name and detail of all events and findings, by rising step."""
    told = [(event.step, event.event, event.detail, event.direction) for event in run.events]
    for finding in run.findings:
        name = f"{finding.detector} ended" if finding.ended else finding.detector
        told.append((finding.step, name, finding.evidence, finding.direction))
    return [
        (f"{step:,}", name, with_direction(detail, direction))
        for step, name, detail, direction in sorted(told, key=lambda one: one[0])
    ]
