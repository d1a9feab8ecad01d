"""`limner import-weights`: public weights of pix2pix, CycleGAN and CUT become a limner model file."""

from pathlib import Path
from typing import Annotated

import typer


def import_weights(
    file: Annotated[
        Path,
        typer.Argument(
            help="latest_net_G.pth, latest_net_G_A.pth, horse2zebra.pth, ... of the public code.", readable=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The model file to write, such as facades.safetensors.", readable=False)
    ],
) -> None:
    """Turn a generator of the public PyTorch code of pix2pix, CycleGAN or CUT into a limner model.

    What it is, a U-Net or a ResNet, is recognised. Nothing in the file is executed.
    """
    import shlex

    from limner.cli.output import messages
    from limner.models.model_file import save_model_file
    from limner.weights.public import read_public

    _refuse_closed(file)
    imported = read_public(file)
    save_model_file(out, imported.model_state, imported.card)
    parameters = sum(weight.numel() for name, weight in imported.state.items() if name.endswith((".weight", ".bias")))
    lines = [
        f"{file}: a public {imported.card.method} generator, {parameters:,} parameters",
        *imported.notes,
        f"wrote {out}",
    ]
    lines += ["use it:", f"  limner translate {shlex.quote(str(out))} INPUT --out DIR"]
    messages().print("\n".join(lines), markup=False, soft_wrap=True)


def _refuse_closed(file: Path) -> None:
    """Whoever may not read a file must not be told that it is missing or damaged."""
    from limner.errors import WeightsError

    try:
        file.open("rb").close()
    except PermissionError as error:
        raise WeightsError(
            f"{file} cannot be read: permission denied.",
            "change the permissions of the file, or of the folder that it is in",
        ) from error
    except OSError:
        return  # What else is wrong with it the reader says.
