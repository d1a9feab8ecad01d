"""`limner train`: a new run, or one that goes on."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from limner.errors import RecipeError


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE|FILE] [KEY=VALUE ...]",
            help="A recipe's name (see `limner recipes`) or a YAML file; words with = override its keys.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; by default RECIPE-001, RECIPE-002, ...")] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with this run; needs no recipe.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and what it costs.")] = False,
    inexact: Annotated[
        bool, typer.Option("--inexact", help="Resume although the result will differ; the run records why.")
    ] = False,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where run folders live.", envvar="LIMNER_RUNS")
    ] = None,
) -> None:
    """Train a model on a folder of pictures, or go on with a run.

    Examples: limner train pix2pix data.path=facades data.direction=BtoA, limner train --resume pix2pix-001
    """
    recipe, overrides = _split(words or [])
    if resume is None and recipe is None:
        raise RecipeError("which recipe?", "limner recipes lists them; limner train pix2pix data.path=FOLDER uses one")
    if resume is not None and recipe is not None:
        raise RecipeError(
            f"--resume goes on with the recipe of the run, but '{recipe}' was given too",
            "leave the recipe out; key=value words may lengthen the run",
        )
    if dry_run and resume is not None:
        raise RecipeError("--dry-run shows a recipe, --resume goes on with a run", "limner report RUN shows the run")
    _refuse_idle(name=name and (dry_run or resume is not None), inexact=inexact and resume is None)
    if dry_run:
        _dry_run(recipe or "", overrides)
        return

    from limner.runs.declaration import read_declaration
    from limner.runs.folder import RunFolder
    from limner.training import api
    from limner.training.trainer import Ending

    if resume is not None:
        run = api.resume(resume, overrides, runs=runs, inexact=inexact)
    else:
        run = api.train(recipe or "", name=name, runs=runs, words=overrides)
    path = shlex.quote(str(run.path))
    if run.ending is Ending.INTERRUPTED:
        typer.echo(f"Saved. To go on:\n  limner train --resume {path}")
        raise typer.Exit(130)
    declared = read_declaration(RunFolder(run.path), notes=[])
    translate = f"\n  limner translate {path} PICTURES --out DIR" if declared and declared.task == "translate" else ""
    typer.echo(f"Trained: {run.path}\nNext:\n  limner report {path}{translate}")


def _refuse_idle(*, name: object, inexact: object) -> None:
    if name:
        raise RecipeError("--name is for a new run, and none is begun here", "leave it out")
    if inexact:
        raise RecipeError("--inexact is for a run that goes on", "add --resume RUN, or leave it out")


def _split(words: list[str]) -> tuple[str | None, list[str]]:
    recipes = [word for word in words if "=" not in word]
    if len(recipes) > 1:
        raise RecipeError(
            f"two recipes were given: {recipes[0]} and {recipes[1]}", "name one; overrides are written key=value"
        )
    return (recipes[0] if recipes else None), [word for word in words if "=" in word]


def _dry_run(recipe: str, overrides: list[str]) -> None:
    from limner.config.load import load_recipe
    from limner.training.cost import describe

    typer.echo(describe(load_recipe(recipe, overrides)))
