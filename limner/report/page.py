"""The report of one run: everything that its folder can tell, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from limner import __version__
from limner.report import summary, words
from limner.report.budget import Written, write_page
from limner.report.chart import spark
from limner.report.curves import run_curves
from limner.report.glossary import METRICS, Meaning, better
from limner.report.limits import run_limits
from limner.report.pictures import Album, Level
from limner.report.reading import Json, RunFiles, dig, read_run
from limner.report.render import render
from limner.report.samples import Sample, Triple, fixed_samples, newest_grid, ranking, time_lapse
from limner.report.series import Series, all_series
from limner.report.settings import changed_from_shipped, flatten


@dataclass(frozen=True)
class Tile:
    """One key number: the newest value of a validation metric, its best, and its course in a tiny chart."""

    meaning: Meaning
    value: float
    step: int
    best: tuple[float, int] | None
    course: str


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
    samples = fixed_samples(run.path)
    frames, pool = time_lapse([sample.outputs for sample in samples], captions(run), album)
    ranked = ranking(run.path, notes)
    triples = [
        (one, Triple(one.name, album.embed(one.input), album.embed(one.output), album.embed(one.target)))
        for one in ranked.pictures
    ]
    newest = _newest(samples, album)
    grid = None if samples else album.embed(newest_grid(run.path))
    if not samples and grid is None:
        notes.append("There are no sample pictures (yet), so none are shown.")
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
        broken=_broken(series),
        notes=notes,
        newest=newest,
        grid=grid,
        tiles=_tiles(series),
        ranking=ranked,
        triples=triples,
        frames=frames,
        pool=pool,
        stills=_stills(samples, album),
        curves=run_curves(series, run.step),
        numbers=[(one, one.best(better(tag)), better(tag)) for tag, one in sorted(series.items())],
        data=_shown(run.data),
        unreadable=_unreadable(run.data),
        settings=flatten(run.recipe),
        shipped=shipped,
        environment=flatten(run.environment),
        events=[_event(event) for event in run.events],
        install=summary.environment_command(run.environment),
        commands=summary.repeat(run),
        limits=run_limits(run, series),
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


def _newest(samples: list[Sample], album: Album) -> tuple[Triple, int] | None:
    """The first followed picture that can be shown, as it came out last, and its step; validation pictures first."""
    for sample in samples:
        for step in sorted(sample.outputs, reverse=True):
            if output := album.embed(sample.outputs[step]):
                triple = Triple(sample.label, album.embed(sample.input), output, album.embed(sample.target))
                return triple, step
    return None


def _stills(samples: list[Sample], album: Album) -> list[tuple[str, list[tuple[int, Triple]]]]:
    """Headings, and under each the slots of the time-lapse with what does not move in them."""
    found = []
    for split, heading in (("val", "Validation pictures, never trained on"), ("train", "Training pictures")):
        slots = [
            (number, Triple(sample.label, album.embed(sample.input), None, album.embed(sample.target)))
            for number, sample in enumerate(samples)
            if sample.split == split
        ]
        if slots:
            found.append((heading, slots))
    return found


def _tiles(series: Mapping[str, Series]) -> list[Tile]:
    found = [(meaning, series[f"val/{name}"]) for name, meaning in METRICS.items() if f"val/{name}" in series]
    return [Tile(meaning, one.last, one.last_step, one.best(meaning.better), spark(one)) for meaning, one in found]


def _broken(series: Mapping[str, Series]) -> list[str]:
    """Tags that are not a number at their end: training has broken down."""
    return [tag for tag, one in series.items() if not abs(one.last) < float("inf")]


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
