"""limner data make facades: limner's own pictures, for trying everything without data of your own."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def facades(
    task: Annotated[
        str, typer.Option(help="What to learn from them: labels, daynight, styles or degraded.")
    ] = "labels",
    count: Annotated[int, typer.Option(help="How many pairs; for styles, how many pictures in all.")] = 150,
    seed: Annotated[int, typer.Option(help="Another seed gives other facades; the same one gives the same.")] = 21,
    out: Annotated[Path, typer.Option(help="A new folder.", readable=False)] = Path("facades"),
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.")] = 256,
) -> None:
    """Draw facades with known truth.

    labels: label map and facade side by side, in train/ val/ test/. daynight: trainA trainB testA testB, unpaired in
    training, equal names in the test halves belong together. styles: one folder for each building style. degraded:
    phone/ and canon/ with equal names.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from limner.cli.output import messages
    from limner.synthetic import make_facades

    console = messages()
    columns = (TextColumn("drawing facades"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        drawing = bar.add_task("drawing", total=count)
        make_facades(task, count, seed, out, size, lambda done, total: bar.update(drawing, completed=done, total=total))
    console.print(f"{out}: drawn facades for {task}, seed {seed}, {size} px. Next:", soft_wrap=True, markup=False)
    console.print(f"  {_next(task, out, size)}", soft_wrap=True, markup=False)


def _next(task: str, out: Path, size: int) -> str:
    if task != "labels":
        return f"limner data inspect {shlex.quote(str(out))}"
    command = f"limner train pix2pix {shlex.quote(f'data.path={out}')}"
    if size % 64:
        return command
    levels = min((size & -size).bit_length() - 1, 8)
    return f"{command} data.size={size} generator.levels={levels}"
