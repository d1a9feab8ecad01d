"""`limner quickstart`: from nothing to a trained translator and a report, on a CPU in minutes."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def quickstart(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE ...]", help="Overrides of the recipe, such as loss.mode=l1."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; by default quickstart-001, ...")] = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where run folders live.", envvar="LIMNER_RUNS")
    ] = None,
) -> None:
    """Draw facades, train a translator from label map to facade, judge it and write its report.

    Takes about four minutes on two CPU cores and needs no pictures of your own.
    """
    from limner.cli.report import report
    from limner.runs.folder import runs_folder
    from limner.training import api
    from limner.training.trainer import Ending

    folder = runs_folder(runs)
    run = api.train("quickstart", name=name, runs=folder, words=words or [])
    if run.ending is Ending.INTERRUPTED:
        typer.echo(f"Saved. To go on:\n  limner train --resume {shlex.quote(str(run.path))}")
        raise typer.Exit(130)
    typer.echo(_verdict(run.path))
    report(str(run.path), runs=folder)


def _verdict(path: Path) -> str:
    from limner.config.load import load_recipe
    from limner.evaluation.guesses import against_guesses
    from limner.inference import load
    from limner.training.session import open_images

    splits = open_images(load_recipe(path / "recipe.yaml"))
    trained = load(path)
    rows = against_guesses(trained.model, trained.use, splits)
    head = ["On pictures it has never seen (L1 and spectrum distance: lower is better, SSIM: higher):"]
    head.append(f"  {'':<28}{'L1':>8}{'SSIM':>8}{'spectrum distance':>20}")
    lines = [f"  {row.name:<28}{row.l1:>8.3f}{row.ssim:>8.3f}{row.spectrum_distance:>20.2f}" for row in rows]
    return "\n".join(head + lines)
