"""What an override changes, what it clears, and what it takes with it."""

from pathlib import Path

import pytest

from limner.config.load import load_recipe
from limner.config.pix2pix import Pix2PixRecipe


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("key", "value"), [("steps", 7), ("epochs", 3), ("time", "2h")])
def test_a_new_length_clears_the_inherited_one(tmp_path: Path, key: str, value: int | str) -> None:
    child = write(tmp_path / "child.yaml", f"extends: quickstart\ntraining: {{{key}: {value}}}")
    for recipe in (load_recipe(child), load_recipe("quickstart", [f"training.{key}={value}"])):
        lengths = {name: getattr(recipe.training, name) for name in ("steps", "epochs", "time")}
        assert lengths == {"steps": None, "epochs": None, "time": None} | {key: value}


def test_the_last_override_wins() -> None:
    recipe = load_recipe("quickstart", ["seed=3", "training.time=2h", "seed=4", "training.steps=9"])
    assert (recipe.seed, recipe.training.steps, recipe.training.time) == (4, 9, None)


@pytest.mark.parametrize("nothing", ["", "null", "~"])
def test_nothing_clears_a_key(nothing: str) -> None:
    recipe = load_recipe("pix2pix", ["training.ema=" + nothing, "loss.adversarial=" + nothing, "loss.l1=" + nothing])
    assert isinstance(recipe, Pix2PixRecipe)
    assert recipe.training.ema is None
    assert (recipe.loss.adversarial, recipe.loss.l1) == ("bce", 100)


def test_null_in_a_file_clears_an_inherited_group(tmp_path: Path) -> None:
    child = write(tmp_path / "child.yaml", "extends: pix2pix-facades\ngenerator:\nloss: {l1: null}\n")
    recipe = load_recipe(child, ["generator.base_channels=8"])
    assert isinstance(recipe, Pix2PixRecipe)
    assert (recipe.generator.base_channels, recipe.generator.levels, recipe.loss.l1) == (8, 8, 100)


def test_paths_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    child = write(tmp_path / "child.yaml", "extends: quickstart\ndata: {path_b: ~/there}")
    recipe = load_recipe(child, ["data.path=~/a folder #1: mine"])
    assert recipe.data.path == tmp_path / "a folder #1: mine"
    assert recipe.data.path_b == tmp_path / "there"


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("2024", "2024"),
        ("no", "no"),
        ("1e5", "1e5"),
        ("0.10", "0.10"),
        ("[a] b", "[a] b"),
        ("[a, b]", "[a, b]"),
        ("{a: 1", "{a: 1"),
        ("'tis", "'tis"),
        (" 2024 ", "2024"),
        ('"2024"', "2024"),
        ("'null'", "null"),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_an_override_of_a_text_key_is_taken_as_it_stands(written: str, folder: str | None) -> None:
    recipe = load_recipe("quickstart", ["data.path=below", f"data.path={written}"])
    assert recipe.data.path == (None if folder is None else Path(folder))


KINDS = {
    "pix2pix": ("levels: 7", "levels", 7),
    "cyclegan": ("blocks: 6", "blocks", 6),
}


@pytest.mark.parametrize("method", KINDS)
@pytest.mark.parametrize("kind", ["unet", "resnet"])
@pytest.mark.parametrize("way", ["override", "child"])
def test_another_kind_than_the_default_drops_what_belongs_to_it(
    tmp_path: Path, method: str, kind: str, way: str
) -> None:
    """The parent does not say its kind: a pix2pix generator is then a U-Net, one of CycleGAN a ResNet."""
    said, key, value = KINDS[method]
    parent = write(tmp_path / "parent.yaml", f"method: {method}\ntraining: {{steps: 3}}\ngenerator: {{{said}}}\n")
    child = write(tmp_path / "child.yaml", f"extends: parent.yaml\ngenerator: {{kind: {kind}}}\n")
    recipe = load_recipe(parent, [f"generator.kind={kind}"]) if way == "override" else load_recipe(child)
    generator = recipe.model_dump()["generator"]
    assert generator["kind"] == kind
    default = load_recipe(parent).model_dump()["generator"]
    assert default[key] == value and generator.get(key) == (value if default["kind"] == kind else None)


def test_a_cleared_kind_is_the_default_again(tmp_path: Path) -> None:
    parent = write(tmp_path / "a.yaml", "extends: pix2pix\ngenerator: {kind: resnet, blocks: 6}\n")
    assert load_recipe(parent).model_dump()["generator"]["blocks"] == 6
    assert load_recipe(parent, ["generator.kind="]).model_dump()["generator"]["kind"] == "unet"


def test_a_cleared_key_is_that_of_the_default_kind(tmp_path: Path) -> None:
    parent = write(tmp_path / "a.yaml", "method: cyclegan\ntraining: {steps: 3}\ngenerator: {blocks: 6}\n")
    assert load_recipe(parent, ["generator.blocks="]).model_dump()["generator"]["blocks"] == 9
