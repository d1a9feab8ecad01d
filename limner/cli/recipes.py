"""limner recipes: the shipped experiments, one of them in full, the schema for editors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from limner.cli.output import print_json, results

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def recipes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """List the recipes that can be trained by name."""
    if context.invoked_subcommand is not None:
        return
    from limner.config.load import list_recipes

    known = list_recipes()
    if as_json:
        print_json([{"schema": 1, **asdict(recipe), "path": str(recipe.path)} for recipe in known])
        return
    from rich.table import Table

    table = Table("name", "what", box=None, pad_edge=False)
    for recipe in known:
        table.add_row(recipe.name, recipe.title)
    results().print(table)
    results().print("\nOne in full:  limner recipes show NAME\nTrain it:     limner train NAME data.path=PICTURES")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A recipe's name, a YAML file or a run folder.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Changed keys.")] = None,
) -> None:
    """Print a recipe as YAML with every key written out."""
    from limner.config.load import load_recipe, recipe_text

    typer.echo(recipe_text(load_recipe(name, overrides or ())), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipe files, for editors."""
    from limner.config.schema import recipe_schema

    print_json(recipe_schema())
