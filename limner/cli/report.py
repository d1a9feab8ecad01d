"""`limner report RUN`: one page that shows a run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name under --runs.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Where to write the page.", show_default="RUN/report.html")
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where run folders live; LIMNER_RUNS says it too.", show_default="runs"),
    ] = None,
) -> None:
    """Write one self-contained HTML page about a run: pictures, curves, metrics, settings, how to repeat it.

    It reads only the run's files, so it also works while the run is training.
    """
    from limner.cli.output import messages, results
    from limner.report.page import write_report
    from limner.runs.declaration import read_declaration
    from limner.runs.folder import open_run, runs_folder

    folder = open_run(run, runs_folder(runs))
    written = write_report(folder.path, out)
    for note in written.notes:
        messages().print(f"left out: {note}", markup=False, soft_wrap=True)
    results().print(str(written.path), markup=False, soft_wrap=True)
    path = shlex.quote(str(folder.path))
    declaration = read_declaration(folder, notes=[])
    following = [f"limner compare {path} ANOTHER-RUN --out comparison.html"]
    if declaration is None or declaration.task == "translate":
        following.insert(0, f"limner translate {path} PICTURES --out translated")
    messages().print(
        f"{written.bytes / 1e6:.1f} MB, one file: open it in a browser, or send it.\n"
        "next: " + "\n      ".join(following),
        markup=False,
        soft_wrap=True,
    )
