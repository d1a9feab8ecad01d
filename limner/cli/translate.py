"""`limner translate`: pictures through a trained model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from PIL.Image import Image

    from limner.inference import TrainedTranslator
    from limner.inference.inputs import Job


class Fit(StrEnum):
    pad = "pad"
    resize = "resize"


Direction = Literal["AtoB", "BtoA"]


def translate(
    model: Annotated[str, typer.Argument(metavar="RUN|FILE", help="A run folder, a run's name, or a model file.")],
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Pictures, folders of pictures, patterns in quotes.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for DIR/NAME.png; made when missing.")],
    samples: Annotated[
        int, typer.Option(min=1, help="Results per picture: NAME.png, NAME-2.png, ... They differ by dropout.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same picture with the same seed gives the same results.")] = 0,
    stochastic: Annotated[
        bool | None, typer.Option(help="Dropout on or off. By default as in training.", show_default=False)
    ] = None,
    fit: Annotated[
        Fit,
        typer.Option(help="Other sizes: pad by the border and crop back, or resize to the training size and back."),
    ] = Fit.pad,
    tile: Annotated[
        int | None,
        typer.Option(metavar="PIXELS", help="Very large pictures: translate in overlapping tiles of this size."),
    ] = None,
    derive: Annotated[
        bool,
        typer.Option("--derive", help="The inputs are photographs: first make edges, grey, ... as in training."),
    ] = False,
    direction: Annotated[
        Direction | None,
        typer.Option(help="Which way; by default the one that the model learnt first.", show_default=False),
    ] = None,
    weights: Annotated[
        str, typer.Option(help="newest, best or step-N, with :raw for weights without averaging.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where runs live; else LIMNER_RUNS, else 'runs'.", show_default=False),
    ] = None,
) -> None:
    """Translate pictures of any size and number with a trained model.

    Norm statistics and dropout are as in training. Transparent pictures are laid on white. A picture that cannot be
    read is named and skipped; the exit status is 1 then.
    """
    from limner.errors import DataError
    from limner.inference import TrainedTranslator, load
    from limner.inference.inputs import find_inputs, plan_jobs

    jobs = plan_jobs(find_inputs(inputs), out, samples)
    translator = load(model, weights, device, runs)
    if not isinstance(translator, TrainedTranslator):
        raise DataError(f"{model} generates images and translates none.", "give a model that translates")
    _say_before(translator, tile, derive)
    if samples > 1:
        _say_if_equal(translator, samples, stochastic)
    failed = _translate_all(translator, jobs, seed, stochastic, fit, tile, derive, direction)
    _say_after(len(jobs) - failed, failed, out)
    if failed:
        raise typer.Exit(1)


def _translate_all(
    model: TrainedTranslator,
    jobs: list[Job],
    seed: int,
    stochastic: bool | None,
    fit: Fit,
    tile: int | None,
    derive: bool,
    direction: Direction | None,
) -> int:
    """Write every job's outputs; the number of pictures that could not be translated."""
    from PIL import Image
    from rich.progress import Progress

    from limner.cli.output import messages
    from limner.data.images import ImageError, open_image
    from limner.inference.image_memory import TooLargeError

    console, failed = messages(), 0
    with Progress(console=console, transient=True, disable=len(jobs) < 2 or not console.is_terminal) as progress:
        for job in progress.track(jobs, description="translating"):
            try:
                image = Image.fromarray(open_image(job.source))
                made = model.translate(
                    image,
                    len(job.outputs),
                    seed=seed,
                    stochastic=stochastic,
                    size="train" if fit == Fit.resize else "keep",
                    tile=tile,
                    derive=derive,
                    direction=direction,
                )
            except (ImageError, TooLargeError) as error:
                failed += 1
                reason = error.message if isinstance(error, ImageError) else f"{job.source}: {error.message}"
                console.print(f"skipped {reason}", markup=False, soft_wrap=True)
                if isinstance(error, TooLargeError):
                    console.print(f"tip: {error.tip}", markup=False, soft_wrap=True)
                continue
            for path, result in zip(job.outputs, made if isinstance(made, list) else [made], strict=True):
                _write_png(path, result)
    return failed


def _write_png(path: Path, image: Image) -> None:
    import io

    from limner.files import cannot_write, write_atomically

    encoded = io.BytesIO()
    image.save(encoded, format="PNG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    write_atomically(path, encoded.getvalue())


def _say_before(model: TrainedTranslator, tile: int | None, derive: bool) -> None:
    from limner.cli.output import messages

    if tile is not None:
        messages().print("Tiles share the norm statistics of their whole picture, which takes two passes.")
    if model.derive is not None and not derive:
        messages().print(
            f"This model learnt from {model.derive.kind} made out of photographs: the inputs are taken to be such "
            "pictures already. For photographs add --derive.",
            soft_wrap=True,
        )


def _say_if_equal(model: TrainedTranslator, samples: int, stochastic: bool | None) -> None:
    from limner.cli.output import messages

    noisy = model.use.dropout if stochastic is None else stochastic
    if not model.has_dropout:
        why = "This model has no dropout, by which results could differ"
    elif not noisy:
        why = "Dropout is off (--stochastic turns it on)"
    else:
        return
    messages().print(f"{why}: all {samples} results of a picture will be the same.", soft_wrap=True)


def _say_after(done: int, failed: int, out: Path) -> None:
    images = "1 picture" if done == 1 else f"{done} pictures"
    typer.echo(f"{images} translated into {out}" + (f", {failed} skipped" if failed else ""))
