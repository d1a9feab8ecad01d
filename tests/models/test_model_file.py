"""The model file: a faithful round trip, no damage unnoticed, whole or not at all."""

import json
import random
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from limner.config.load import load_recipe
from limner.errors import LimnerError, WeightsError
from limner.models.model_file import ModelCard, model_recipe, read_model_file, save_model_file

SAID = {
    "method": "pix2pix",
    "generator": {"levels": 7, "norm": "instance", "dropout_blocks": [2, 3]},
    "use": {"norm": "running", "dropout": False},
    "data": {"size": 128, "direction": "BtoA"},
}
CARD = ModelCard(model_recipe(SAID), trained_on="facades", step=1200, ema=True)


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        "encoder.0.0.weight": torch.randn(4, 3, 4, 4).transpose(0, 1),
        "norm.num_batches_tracked": torch.tensor(7),
        "half": torch.randn(5).bfloat16(),
    }


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.safetensors"
    save_model_file(path, state(), CARD)
    card, read = read_model_file(path)
    assert card == CARD
    assert read.keys() == state().keys()
    for name, value in state().items():
        assert read[name].dtype == value.dtype
        assert torch.equal(read[name], value)
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan", "cut"])
def test_defaults_round_trip(tmp_path: Path, method: str) -> None:
    card = ModelCard(model_recipe({"method": method}))
    save_model_file(tmp_path / "m.safetensors", state(), card)
    assert read_model_file(tmp_path / "m.safetensors")[0] == card


@pytest.mark.parametrize("recipe", ["pix2pix-facades", "cyclegan-horse2zebra", "cut-horse2zebra", "quickstart"])
def test_a_recipe_leaves_its_training_and_its_places_behind(tmp_path: Path, recipe: str) -> None:
    """A model that is given away says how it is run, and nothing of the machine that it comes from."""
    where = tmp_path / "secret place"
    trained = load_recipe(recipe, [f"data.path={where}", f"data.path_b={where}", "device=cpu", "training.steps=77"])
    save_model_file(tmp_path / "m.safetensors", state(), ModelCard(trained))
    about = json.loads(metadata(tmp_path / "m.safetensors")["limner.recipe"])
    assert not {"training", "device", "devices", "precision", "tracking", "about"} & about.keys()
    assert b"secret" not in (tmp_path / "m.safetensors").read_bytes()
    card, _ = read_model_file(tmp_path / "m.safetensors")
    assert type(card.recipe) is type(trained) and card.recipe.data.path is None
    assert (card.recipe.generator, card.recipe.use) == (trained.generator, trained.use)
    for key in ("size", "direction", "channels"):
        assert getattr(card.recipe.data, key) == getattr(trained.data, key)


def test_header_is_readable_by_others(tmp_path: Path) -> None:
    save_model_file(tmp_path / "facades.safetensors", state(), CARD)
    header = metadata(tmp_path / "facades.safetensors")
    assert header["limner.schema"] == "1"
    assert header["limner.method"] == "pix2pix"
    assert header["limner.task"] == "translate"
    assert (header["limner.step"], header["limner.ema"], header["limner.trained_on"]) == ("1200", "true", "facades")
    about = json.loads(header["limner.recipe"])
    for key, values in SAID.items():
        assert about[key] == values if key == "method" else values.items() <= about[key].items()
    assert header["modelspec.sai_model_spec"] == "1.0.0"
    assert header["modelspec.title"] == "facades"
    assert header["modelspec.resolution"] == "128x128"
    assert {"modelspec.architecture", "modelspec.implementation"} <= header.keys()


def test_no_flipped_bit_of_a_weight_or_setting_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    whole, draw = path.read_bytes(), random.Random(0)
    for _ in range(200):
        broken = bytearray(whole)
        position = draw.randrange(len(whole))
        broken[position] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        try:
            card, read = read_model_file(path)
        except WeightsError as error:
            assert str(path) in error.message
            continue
        # Only the words for model browsers may change unnoticed: everything limner uses must be as it was.
        assert card == CARD
        assert all(torch.equal(read[name], value) for name, value in state().items())


def test_truncations_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_model_file(path)


def test_a_changed_setting_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    save_file(load_file(path), path, metadata=metadata(path) | {"limner.step": "1300"})
    with pytest.raises(WeightsError, match="SHA-256"):
        read_model_file(path)


def test_words_that_others_add_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    save_file(load_file(path), path, metadata=metadata(path) | {"modelspec.license": "MIT"})
    assert read_model_file(path)[0] == CARD


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    plain = tmp_path / "plain.safetensors"
    save_file({"a": torch.zeros(1)}, plain)
    with pytest.raises(WeightsError, match="not a limner model"):
        read_model_file(plain)
    torch.save({"a": torch.zeros(1)}, tmp_path / "latest_net_G.pth")
    with pytest.raises(WeightsError, match="import-weights"):
        read_model_file(tmp_path / "latest_net_G.pth")
    with pytest.raises(WeightsError, match="no model file"):
        read_model_file(tmp_path / "absent.safetensors")


def test_a_file_that_may_not_be_read_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)

    def closed(*_: object, **__: object) -> None:
        raise FileNotFoundError(f"No such file or directory: {path}")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("limner.models.model_file.safe_open", closed)
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(WeightsError, match=r"m\.safetensors cannot be read: permission denied") as caught:
        read_model_file(path)
    assert "Allow reading it" in (caught.value.tip or "")


@pytest.mark.parametrize(("size", "fits"), [(0, False), (1, True), (4096, True), (4097, False), (10**9, False)])
def test_a_file_cannot_ask_for_images_of_any_size(tmp_path: Path, size: int, fits: bool) -> None:
    """`--fit resize` makes pictures of this size."""
    path = tmp_path / "m.safetensors"
    data = CARD.recipe.data.model_copy(update={"size": size})
    save_model_file(path, state(), ModelCard(CARD.recipe.model_copy(update={"data": data})))
    if fits:
        assert read_model_file(path)[0].recipe.data.size == size
        return
    with pytest.raises(WeightsError, match=r"data\.size: Input should be"):
        read_model_file(path)


def test_files_of_the_future_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    plain = {name: value.contiguous() for name, value in state().items()}
    save_file(plain, path, metadata=metadata(path) | {"limner.schema": "2"})
    with pytest.raises(WeightsError, match="schema '2'"):
        read_model_file(path)


@pytest.mark.parametrize(
    ("recipe", "words", "tip"),
    [
        ({**SAID, "use": {"norm": "batch", "noise": 3}}, r"\(use\.noise: .*written by limner", "update: pip install"),
        ({**SAID, "generator": {"levels": "seven"}}, r"\(generator\.unet\.levels: ", "update: pip install"),
        ({**SAID, "method": "pix3pix"}, r"written by limner .*: unknown method 'pix3pix'", "pix2pix"),
        ({**SAID, "method": "their.module:Mine"}, "'their.module' would have to be run", "LIMNER_METHODS=their.module"),
        ({}, "unknown method", "shipped: "),
    ],
)
def test_settings_that_this_limner_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: dict[str, object], words: str, tip: str
) -> None:
    path = tmp_path / "m.safetensors"
    monkeypatch.setattr(ModelCard, "about", lambda card: recipe)
    save_model_file(path, state(), CARD)
    with pytest.raises(WeightsError, match=words) as caught:
        read_model_file(path)
    assert str(path) in caught.value.message and tip in (caught.value.tip or "")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LimnerError, match="disk is full"):
        save_model_file(path, {"a": torch.zeros(3)}, CARD)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]


def test_an_impossible_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LimnerError, match="file"):
        save_model_file(tmp_path / "file" / "m.safetensors", state(), CARD)
