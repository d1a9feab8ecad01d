"""The table of commands. A command stands here from the day it works."""

from typing import Annotated, Any

import typer
from typer.main import get_command

from limner import __version__
from limner.cli.lazy import Entry, LazyGroup

COMMANDS: dict[str, Entry] = {}


class _Limner(LazyGroup):
    """The group of all commands, in the form that Typer wants: a class."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(entries=COMMANDS, **settings)


# Plain help: drawing it with Rich takes 0.3 s of imports, and swallows words in [brackets].
app = typer.Typer(name="limner", cls=_Limner, rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"limner {__version__}")
        raise typer.Exit


@app.callback(epilog="Start with: limner quickstart")
def limner(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Train, judge and hand over image generators."""


command = get_command(app)
