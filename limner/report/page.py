"""The report of one run: everything that its folder can tell, on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from limner import __version__
from limner.report import summary, words
from limner.report.alerts import broken, copying
from limner.report.budget import Written, write_page
from limner.report.caveats import run_limits, verdict
from limner.report.curves import run_curves
from limner.report.glossary import better
from limner.report.images import Album, Level
from limner.report.key_numbers import key_tiles
from limner.report.ranking import ranking
from limner.report.reading import Json, RunFiles, dig, read_run
from limner.report.render import render
from limner.report.sample_rows import moving_slots, moving_stages, newest_strips, ranked_strip
from limner.report.samples import fixed_samples, newest_grid, time_lapse
from limner.report.series import all_series
from limner.report.settings import changed_from_shipped, flatten
from limner.report.tags import read_tag


def write_report(run: Path, out: Path | None = None) -> Written:
    """Write the page of a run folder, by default as `report.html` in it.

    Whatever is missing, half-written or damaged in the folder is left out and named on the page.

    Raises:
        RunError: the page cannot be written.
    """
    files = read_run(run)
    return write_page(out or run / "report.html", lambda level: report_page(files, level))


def report_page(run: RunFiles, level: Level) -> tuple[str, list[str]]:
    """The page as HTML, and one sentence for each thing that it had to leave out."""
    album = Album(level)
    notes = list(run.notes)
    series = all_series(run.metrics)
    domains = summary.between_domains(run)
    samples = fixed_samples(run.path)
    frames, pool = time_lapse(moving_slots(samples), captions(run), album)
    ranked = ranking(run.path, notes)
    known = not domains or any(read_tag(tag).name == "l1" for tag in series)
    newest = newest_strips(samples, album, not domains)
    grid = None if samples else album.embed(newest_grid(run.path))
    if not samples and grid is None:
        notes.append("There are no sample pictures (yet), so none are shown.")
    ranks = [(one, ranked_strip(one, album, not domains)) for one in ranked.images]
    stages = moving_stages(samples, album, not domains)
    if album.unreadable:
        names = ", ".join(sorted(set(album.unreadable))[:5])
        notes.append(f"{words.plural(len(album.unreadable), 'picture')} cannot be read and left out: {names}.")
    shipped = changed_from_shipped(run.recipe)
    page = render(
        "report.html.j2",
        title=run.name,
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        about=[line for line in (dig(run.recipe, "about.title"), dig(run.recipe, "about.paper")) if line],
        sentence=summary.sentence(run),
        progress=summary.progress(run),
        broken=broken(series),
        copying=copying(run.events),
        notes=notes,
        # Pictures that no number can vouch for must be large enough to judge by eye.
        roomy=domains,
        newest=newest,
        grid=grid,
        grid_columns=_grid_columns(summary.both_ways(run), known),
        tiles=key_tiles(series, domains),
        verdict=verdict(series, known),
        ranking=ranked,
        ranks=ranks,
        frames=frames,
        pool=pool,
        stages=stages,
        curves=run_curves(series, run.step, domains),
        numbers=[(one, one.best(better(tag)), better(tag)) for tag, one in sorted(series.items())],
        data=_shown(run.data),
        unreadable=_unreadable(run.data),
        settings=flatten(run.recipe),
        shipped=shipped,
        environment=flatten(run.environment),
        events=[_event(event) for event in run.events],
        install=summary.environment_command(run.environment),
        commands=summary.repeat(run),
        limits=run_limits(run, series, known),
    )
    return page, notes


def captions(run: RunFiles) -> dict[int, str]:
    """By step: "step 1,200 · epoch 3.0 · 2 min"."""
    found: dict[int, str] = {}
    for line in run.metrics:
        parts = [f"step {line['step']:,}"]
        if isinstance(line.get("epoch"), int | float):
            parts.append(f"epoch {line['epoch']:.3g}")
        if isinstance(line.get("seconds"), int | float):
            parts.append(words.duration(line["seconds"]))
        found[int(line["step"])] = " · ".join(parts)
    return found


def _grid_columns(both_ways: bool, known: bool) -> str:
    return "input, output" + (", there and back" if both_ways else "") + (", target" if known else "")


def _shown(data: Json) -> dict[str, str]:
    """The facts of data.json as lines of a table. Names are counted already, warnings stand among the limits."""
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


def _event(event: Json) -> tuple[str, str, str]:
    rest = {key: value for key, value in event.items() if key not in ("schema", "step", "event")}
    details = ", ".join(
        words.setting(value) if key == "detail" else f"{key.removeprefix('detail.')}: {words.setting(value)}"
        for key, value in flatten(rest).items()
        if value is not None
    )
    return words.setting(event.get("step")), str(event.get("event", "")), details
