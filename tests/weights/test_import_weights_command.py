"""`limner import-weights` from the file to the last line."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from limner.cli import main
from limner.cli.import_weights import import_weights
from limner.errors import WeightsError
from limner.inference import load
from limner.networks import ResNetGenerator, UNet


def run(*words: str) -> str:
    app = typer.Typer()
    app.command()(import_weights)
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def public_file(path: Path) -> Path:
    """A two-level public generator: the outermost level around the innermost."""
    torch.manual_seed(0)
    shapes = {
        "model.model.0.weight": (2, 3, 4, 4),
        "model.model.1.model.1.weight": (4, 2, 4, 4),
        "model.model.1.model.3.weight": (4, 2, 4, 4),
        "model.model.1.model.4.weight": (2,),
        "model.model.1.model.4.bias": (2,),
        "model.model.1.model.4.running_mean": (2,),
        "model.model.1.model.4.running_var": (2,),
        "model.model.3.weight": (4, 3, 4, 4),
        "model.model.3.bias": (3,),
    }
    torch.save({name: torch.rand(shape) for name, shape in shapes.items()}, path)
    return path


def test_a_model_file_is_written_and_the_next_line_told(tmp_path: Path) -> None:
    file, out = public_file(tmp_path / "latest_net_G.pth"), tmp_path / "with [brackets] and space.safetensors"
    said = run(str(file), "--out", str(out))
    assert f"limner translate '{out}' INPUT --out DIR" in said
    assert "2 levels, 2 base channels, 3 to 3 channels, batch norm" in said
    model = load(out, device="cpu")
    assert isinstance(model.model.generator, UNet) and model.size == 4
    assert model.directions == ["AtoB"]


def test_a_cyclegan_generator_is_recognised(tmp_path: Path) -> None:
    torch.manual_seed(0)
    shapes = {
        "model.1": (2, 3, 7, 7),
        "model.4": (4, 2, 3, 3),
        "model.7": (8, 4, 3, 3),
        "model.10.conv_block.1": (8, 8, 3, 3),
        "model.10.conv_block.5": (8, 8, 3, 3),
        "model.11": (8, 4, 3, 3),
        "model.14": (4, 2, 3, 3),
        "model.18": (3, 2, 7, 7),
    }
    biases = {f"{name}.bias": torch.rand(out) for name, out in zip(shapes, (2, 4, 8, 8, 8, 4, 2, 3), strict=True)}
    torch.save({f"{name}.weight": torch.rand(size) for name, size in shapes.items()} | biases, tmp_path / "G_A.pth")
    said = run(str(tmp_path / "G_A.pth"), "--out", str(tmp_path / "zebra.safetensors"))
    assert "a public cyclegan generator" in said
    assert "ResNet of 1 blocks, 2 base channels" in said
    model = load(tmp_path / "zebra.safetensors", device="cpu")
    assert model.card.method == "cyclegan" and isinstance(model.model.generator, ResNetGenerator)
    assert model.directions == ["AtoB"], "the file holds one generator of the two"


def test_a_refused_file_writes_nothing(tmp_path: Path) -> None:
    torch.save({"model.0.weight": torch.zeros(64, 6, 4, 4)}, tmp_path / "latest_net_D.pth")
    with pytest.raises(WeightsError, match="discriminator"):
        run(str(tmp_path / "latest_net_D.pth"), "--out", str(tmp_path / "out.safetensors"))
    assert not (tmp_path / "out.safetensors").exists()


def test_a_closed_file_is_a_failure_that_can_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, opened = public_file(tmp_path / "sec.pth"), Path.open

    def refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "access", lambda path, *mode, **options: False)
    assert main(["import-weights", str(file), "--out", str(tmp_path / "z")]) == 1
    said = capsys.readouterr().err
    assert f"{file} cannot be read: permission denied." in said and "tip: change the permissions of the file" in said
    assert not (tmp_path / "z").exists()


def test_what_else_is_wrong_with_a_file_is_told_as_before(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no file of weights"):
        run(str(tmp_path / "none.pth"), "--out", str(tmp_path / "z"))
