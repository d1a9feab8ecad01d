"""Which weights are loaded, from where, and what happens when they are damaged."""

import importlib
import logging
import os
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from limner.cli import main
from limner.config.load import load_recipe, save_recipe
from limner.errors import LimnerError, RecipeError, RunError
from limner.inference import TrainedTranslator, load
from limner.methods import build_model
from limner.runs.checkpoint import save_checkpoint, step_name
from limner.runs.tensors import tensors_to_bytes

RECIPE = """
about: {title: A test}
method: pix2pix
data: {size: 16, derive: {kind: grey}}
generator: {levels: 3, base_channels: 4}
discriminator: {base_channels: 4, receptive_field: 16}
training: {steps: 30}
"""


def state_of(value: float, recipe) -> dict[str, torch.Tensor]:
    """The whole method's state, every parameter of the model filled with a value that tells which it is."""
    model = build_model(recipe).state_dict()
    state = {f"model.{name}": torch.full_like(tensor, value) for name, tensor in model.items()}
    return {**state, "discriminator.layers.0.weight": torch.zeros(1)}


def value_of(model) -> float:
    return float(next(iter(model.state_dict().values())).flatten()[0])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with checkpoints 10, 20 and best (of step 10); 20 has averaged weights too."""
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    recipe = load_recipe(tmp_path / "recipe.yaml")
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    save_recipe(recipe, folder / "recipe.yaml")

    def save(name: str, step: int, **values: float) -> None:
        files = {f"{file}.safetensors": tensors_to_bytes(state_of(value, recipe)) for file, value in values.items()}
        save_checkpoint(folder / "checkpoints", name, files, {"step": step})

    save(step_name(10), 10, model=10.0)
    save(step_name(20), 20, model=20.0, ema=20.5)
    save("best", 10, model=11.0)
    return folder


@pytest.mark.parametrize(
    "weights, value",
    [("auto", 11.0), ("best", 11.0), ("newest", 20.5), ("newest:raw", 20.0), ("step-10", 10.0), ("step-000020", 20.5)],
)
def test_the_choice_of_weights(run, weights, value):
    assert value_of(load(run, weights)) == value


def test_what_a_loaded_model_knows(run):
    model = load(run, "newest")
    assert isinstance(model, TrainedTranslator) and model.directions == ["AtoB"]
    assert (model.size, model.card.step, model.card.ema) == (16, 20, True)
    assert model.card.method == "pix2pix" and model.use.dropout
    assert model.derive is not None and model.derive.kind == "grey"
    assert load(run, "best").card.step == 10


def test_a_run_is_found_by_name(run, monkeypatch):
    assert value_of(load("one", runs=run.parent)) == 11.0
    monkeypatch.setenv("LIMNER_RUNS", str(run.parent))
    assert value_of(load("one")) == 11.0
    with pytest.raises(RunError) as caught:
        load("onne")
    assert "'one'" in caught.value.tip


def test_a_checkpoint_folder_and_a_model_file_load_alone(run, tmp_path):
    model = load(run / "checkpoints" / "step-000010")
    assert value_of(model) == 10.0
    model.save(tmp_path / "taken.safetensors")
    taken = load(tmp_path / "taken.safetensors")
    assert value_of(taken) == 10.0
    assert taken.card.about() == model.card.about() and taken.card.step == model.card.step == 10
    with pytest.raises(LimnerError, match="one set of weights"):
        load(tmp_path / "taken.safetensors", "best")


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(run, caplog):
    (run / "checkpoints" / "best" / "model.safetensors").write_bytes(b"nothing")
    damaged = run / "checkpoints" / "step-000020" / "ema.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert value_of(load(run)) == 10.0
    assert "best" in caplog.text and "step-000020" in caplog.text
    with pytest.raises(LimnerError, match="damaged"):
        load(run, "step-20")


def test_without_a_best_the_newest_is_taken(run):
    import shutil

    shutil.rmtree(run / "checkpoints" / "best")
    assert value_of(load(run)) == 20.5
    with pytest.raises(LimnerError, match="no best checkpoint"):
        load(run, "best")


@pytest.mark.parametrize(
    "weights, device, message",
    [
        ("bset", "auto", "names no weights"),
        ("step-15", "auto", "no checkpoint step-000015"),
        ("auto", "warp", "'warp' names no device"),
        ("auto", "cuda:99", "'cuda:99', but this machine"),
    ],
)
def test_choices_that_cannot_be_met(run, weights, device, message):
    with pytest.raises(LimnerError, match=message):
        load(run, weights, device)


def test_a_run_that_has_not_saved_yet(run):
    import shutil

    shutil.rmtree(run / "checkpoints")
    run = run.rename(run.parent / "my run")
    with pytest.raises(LimnerError, match="no checkpoint yet") as caught:
        load(run)
    assert f"limner train --resume '{run}'" in caught.value.tip


@pytest.mark.parametrize(
    "closed, named",
    [("one", "one"), ("one/checkpoints", "one/checkpoints"), ("one/recipe.yaml", "one/recipe.yaml")],
)
def test_a_run_that_may_not_be_read(run, monkeypatch, closed, named):
    """As the system does it: nothing in a closed folder can be looked at, and a closed file cannot be opened."""
    place, system = run.parent / closed, {name: getattr(os, name) for name in ("stat", "scandir", "listdir")}

    def guard(name):
        def guarded(path, *args, **options):
            if place in Path(str(path)).parents or (str(path) == str(place) and name != "stat"):
                raise PermissionError(13, "Permission denied", str(path))
            return system[name](path, *args, **options)

        return guarded

    for name in system:
        monkeypatch.setattr(os, name, guard(name))
    read_text = Path.read_text

    def refuse(path, *args, **options):
        if path == place:
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(LimnerError, match=f"{named}.* cannot be read: permission denied") as caught:
        load(run)
    assert "allow reading it" in caught.value.tip


@pytest.mark.parametrize("address", ["hf://foo/bar", Path("hf://foo/bar"), "https://example.org/model.safetensors"])
def test_an_address_is_no_path(address, run):
    with pytest.raises(RunError, match="an address in the network, and limner cannot load models from") as caught:
        load(address, runs=run.parent)
    assert "download" in caught.value.tip and "give its path" in caught.value.tip


@pytest.fixture
def strange(run, tmp_path, monkeypatch) -> Path:
    """The run, of a method of somebody's own; its module can be found, and leaves a mark when it is run."""
    (tmp_path / "strange_for_tests.py").write_text(
        "from pathlib import Path\nfrom limner.methods.pix2pix import Pix2Pix\n"
        f"Path({str(tmp_path / 'mark')!r}).touch()\n\n\nclass Mine(Pix2Pix):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strange_for_tests", raising=False)
    written = (run / "recipe.yaml").read_text().replace("method: pix2pix", "method: strange_for_tests:Mine")
    (run / "recipe.yaml").write_text(written)
    return run


@pytest.mark.parametrize("layers", [1, 2])
def test_a_stranger_s_run_imports_nothing(strange, layers, tmp_path, capsys):
    if layers == 2:
        (strange / "recipe.yaml").rename(strange / "parent.yaml")
        (strange / "recipe.yaml").write_text("extends: parent.yaml\n")
    with pytest.raises(RecipeError, match="'strange_for_tests' would have to be run") as caught:
        load(strange)
    assert "LIMNER_METHODS=strange_for_tests" in caught.value.tip
    Image.new("RGB", (16, 16)).save(tmp_path / "picture.png")
    assert main(["translate", str(strange), str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "tip: if you trust that module, set the environment variable LIMNER_METHODS" in capsys.readouterr().err
    assert not (tmp_path / "mark").exists()


def test_a_method_that_is_trusted_is_imported(strange, tmp_path, monkeypatch):
    monkeypatch.setenv("LIMNER_METHODS", "other, strange_for_tests")
    assert load(strange).card.method == "strange_for_tests:Mine"
    assert (tmp_path / "mark").exists()


def test_a_method_that_was_imported_before_is_trusted(strange):
    importlib.import_module("strange_for_tests")
    assert load(strange).card.method == "strange_for_tests:Mine"


def test_only_the_model_is_read(run, monkeypatch):
    """The discriminator is never built."""
    import limner.networks.patchgan

    def refuse(*_, **__):
        raise AssertionError("built")

    monkeypatch.setattr(limner.networks.patchgan.PatchGAN, "__init__", refuse)
    load(run)
