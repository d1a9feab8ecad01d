"""`limner compare RUN RUN ...`: runs side by side on one page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def compare(
    run: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Two or more run folders, or their names under --runs.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Where to write the page.", show_default="comparison.html"),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document instead; with --out the page is written too."),
    ] = False,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where run folders live; LIMNER_RUNS says it too.", show_default="runs"),
    ] = None,
) -> None:
    """Write one self-contained HTML page: same inputs in rows, runs in columns, metrics, the settings that differ."""
    from limner.cli.output import messages, print_json, results
    from limner.report.compare_page import write_comparison
    from limner.report.comparison import compare_runs, comparison_document
    from limner.runs.folder import open_run, runs_folder

    folders = [open_run(one, runs_folder(runs)).path for one in run]
    comparison = compare_runs(folders)
    for warning in comparison.warnings:
        messages().print(f"note: {warning}", markup=False, soft_wrap=True)
    if json:
        print_json(comparison_document(comparison))
        if out is None:
            return
    written = write_comparison(comparison, out or Path("comparison.html"))
    for note in written.notes:
        messages().print(f"left out: {note}", markup=False, soft_wrap=True)
    (messages() if json else results()).print(str(written.path), markup=False, soft_wrap=True)
    messages().print(
        f"{written.bytes / 1e6:.1f} MB, one file: open it in a browser, or send it.\n"
        f"next: limner report {shlex.quote(str(folders[0]))}",
        markup=False,
        soft_wrap=True,
    )
