"""The table of commands. A command stands here from the day it works."""

from typing import Annotated, Any

import typer
from typer.main import get_command

from limner import __version__
from limner.cli.lazy import Entry, LazyGroup

COMMANDS: dict[str, Entry] = {
    "quickstart": Entry(
        "Train on limner's own pictures, evaluate, write the report: minutes on a CPU.",
        "limner.cli.quickstart:quickstart",
    ),
    "recipes": Entry("The shipped experiments, one of them in full, the schema.", "limner.cli.recipes:app"),
    "train": Entry("Train a model on a folder of pictures, or go on with a run.", "limner.cli.train:train"),
    "translate": Entry("Translate pictures with a trained model.", "limner.cli.translate:translate"),
    "report": Entry("Write one page that shows a run.", "limner.cli.report:report"),
    "compare": Entry("Write one page that shows several runs side by side.", "limner.cli.compare:compare"),
    "data": Entry(
        "Look at pictures, draw some, see and clear the cache.",
        {
            "inspect": Entry(
                "What is there, what is wrong with it, what it is enough for.", "limner.cli.data_inspect:inspect"
            ),
            "make": Entry(
                "Draw pictures with known truth.",
                {"facades": Entry("Draw facades, for all four tasks.", "limner.cli.data_make:facades")},
            ),
            "cache": Entry("Where decoded pictures are kept, and how much they take.", "limner.cli.cache:cache"),
        },
    ),
    "import-weights": Entry(
        "Turn public pix2pix, CycleGAN or CUT weights into a model file.", "limner.cli.import_weights:import_weights"
    ),
    "doctor": Entry("What is on this machine, what is missing and how to get it.", "limner.cli.doctor:doctor"),
}


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
