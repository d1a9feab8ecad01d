"""`limner import-weights`: public pix2pix weights become a limner model file."""

from pathlib import Path
from typing import Annotated

import typer


def import_weights(
    file: Annotated[Path, typer.Argument(help="latest_net_G.pth of the public PyTorch pix2pix code.")],
    out: Annotated[Path, typer.Option("--out", help="The model file to write, such as facades.safetensors.")],
) -> None:
    """Turn a generator of the public PyTorch pix2pix code into a limner model. Nothing in the file is executed."""
    import shlex

    from limner.cli.output import messages
    from limner.weights.model_file import save_model_file
    from limner.weights.public_pix2pix import read_public_pix2pix

    imported = read_public_pix2pix(file)
    save_model_file(out, imported.state, imported.card)
    parameters = sum(weight.numel() for name, weight in imported.state.items() if name.endswith((".weight", ".bias")))
    lines = [f"{file}: a public pix2pix generator, {parameters:,} parameters", *imported.notes, f"wrote {out}"]
    lines += ["use it:", f"  limner translate {shlex.quote(str(out))} INPUT --out DIR"]
    messages().print("\n".join(lines), markup=False, soft_wrap=True)
