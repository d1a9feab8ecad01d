"""`limner translate` from files to files."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from limner.cli import main
from limner.inference import load
from limner.methods import build_model
from limner.models.model_file import ModelCard, model_recipe, save_model_file

CAT = skimage.data.chelsea()[::4, ::4].copy()


def write_model(path: str, data: dict | None = None, **generator) -> None:
    values = {"generator": {"levels": 3, "base_channels": 4, **generator}, "data": {"size": 32, **(data or {})}}
    card = ModelCard(model_recipe({"method": "pix2pix", **values}))
    torch.manual_seed(1)
    save_model_file(Path(path), build_model(card.recipe).state_dict(), card)


@pytest.fixture
def place(tmp_path: Path, monkeypatch) -> Path:
    """A folder with model.safetensors and photos/{cat,coffee}.png."""
    monkeypatch.chdir(tmp_path)
    write_model("model.safetensors")
    Path("photos").mkdir()
    Image.fromarray(CAT).save("photos/cat.png")
    Image.fromarray(skimage.data.coffee()[::8, ::8].copy()).convert("L").save("photos/coffee.jpg")
    return tmp_path


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_folder_becomes_pngs_of_the_same_size(place, capsys):
    assert main(["translate", "model.safetensors", "photos", "--out", "out/deep"]) == 0
    assert sorted(path.name for path in Path("out/deep").iterdir()) == ["cat.png", "coffee.png"]
    assert pixels("out/deep/cat.png").shape == CAT.shape
    assert "2 pictures translated" in capsys.readouterr().out


def test_the_command_line_and_python_agree(place):
    assert main(["translate", "model.safetensors", "photos/cat.png", "--out", "out", "--seed", "4"]) == 0
    assert np.array_equal(pixels("out/cat.png"), load("model.safetensors").translate(CAT, seed=4))


def test_the_same_seed_writes_the_same_files(place):
    words = ["translate", "model.safetensors", "photos", "--samples", "3"]
    assert main([*words, "--out", "one"]) == main([*words, "--out", "two"]) == 0
    names = sorted(path.name for path in Path("one").iterdir())
    assert names == ["cat-2.png", "cat-3.png", "cat.png", "coffee-2.png", "coffee-3.png", "coffee.png"]
    for name in names:
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    assert not np.array_equal(pixels("one/cat.png"), pixels("one/cat-2.png"))


def test_dropout_can_be_turned_off(place):
    words = ["translate", "model.safetensors", "photos/cat.png", "--no-stochastic", "--samples", "2", "--out", "out"]
    assert main(words) == 0
    assert np.array_equal(pixels("out/cat.png"), pixels("out/cat-2.png"))


@pytest.mark.parametrize(
    "dropout, words, said",
    [
        (0.5, [], None),
        (0.5, ["--no-stochastic"], "Dropout is off (--stochastic turns it on): all 3 results"),
        (0.0, [], "This model has no dropout, by which results could differ: all 3 results"),
        (0.0, ["--stochastic"], "This model has no dropout, by which results could differ: all 3 results"),
    ],
)
def test_samples_that_cannot_differ_are_announced(place, capsys, dropout, words, said):
    write_model("m.safetensors", dropout=dropout)
    base = ["translate", "m.safetensors", "photos/cat.png", "--out", "out", *words]
    assert main([*base, "--samples", "3"]) == 0
    heard = capsys.readouterr().err
    assert (said in heard) if said else heard == ""
    assert np.array_equal(pixels("out/cat.png"), pixels("out/cat-2.png")) is (said is not None)
    assert main(base) == 0
    assert capsys.readouterr().err == ""


def test_bad_images_are_named_and_the_others_written(place, capsys):
    cut = Path("photos/cat.png").read_bytes()[:2000]
    Path("photos/cut.png").write_bytes(cut)
    Path("photos/text.jpg").write_text("hello")
    assert main(["translate", "model.safetensors", "photos", "--out", "out"]) == 1
    said = capsys.readouterr()
    assert "photos/cut.png" in said.err and "photos/text.jpg: a text file" in said.err
    assert "2 pictures translated into out, 2 skipped" in said.out
    assert sorted(path.name for path in Path("out").iterdir()) == ["cat.png", "coffee.png"]


def test_fit_and_tile_reach_the_model(place):
    base = ["translate", "model.safetensors", "photos/cat.png", "--no-stochastic", "--out"]
    assert (
        main([*base, "pad"]) == main([*base, "resize", "--fit", "resize"]) == main([*base, "tile", "--tile", "48"]) == 0
    )
    model = load("model.safetensors")
    assert np.array_equal(pixels("resize/cat.png"), model.translate(CAT, stochastic=False, size="train"))
    assert np.array_equal(pixels("tile/cat.png"), model.translate(CAT, stochastic=False, tile=48))
    assert not np.array_equal(pixels("pad/cat.png"), pixels("resize/cat.png"))


@pytest.mark.parametrize(
    "words, message",
    [
        (["nothing", "photos"], "no run 'nothing'"),
        (["hf://foo/bar", "photos"], "'hf://foo/bar' is an address"),
        (["model.safetensors", "nothing.png"], "There is no nothing.png"),
        (["model.safetensors", "photos", "photos/cat.png", "--tile", "50"], "multiples of 8"),
        (["model.safetensors", "photos", "--direction", "BtoA"], "translates AtoB only"),
        (["model.safetensors", "photos", "--derive"], "how its inputs were made"),
        (["model.safetensors", "photos", "--device", "cuda:77"], "'cuda:77', but this machine"),
    ],
)
def test_what_cannot_be_done_is_said_once(place, capsys, words, message):
    assert main(["translate", *words, "--out", "out"]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("error:") == 1 and "tip:" in said and "Traceback" not in said
    assert not Path("out").exists()


def test_an_output_that_cannot_be_a_folder(place, capsys):
    Path("out").write_text("in the way")
    assert main(["translate", "model.safetensors", "photos", "--out", "out"]) == 1
    assert "error:" in capsys.readouterr().err


def test_an_input_is_never_overwritten(place, capsys):
    before = Path("photos/cat.png").read_bytes()
    assert main(["translate", "model.safetensors", "photos", "--out", "photos"]) == 1
    assert "would be overwritten" in capsys.readouterr().err
    assert Path("photos/cat.png").read_bytes() == before


def test_a_model_of_derived_inputs_says_so(place, capsys):
    write_model("grey.safetensors", {"derive": {"kind": "grey"}})
    words = ["translate", "grey.safetensors", "photos/cat.png", "--no-stochastic", "--out"]
    assert main([*words, "plain"]) == 0
    assert "--derive" in capsys.readouterr().err
    assert main([*words, "derived", "--derive"]) == 0
    expected = load("grey.safetensors").translate(CAT, derive=True, stochastic=False)
    assert np.array_equal(pixels("derived/cat.png"), expected)


def test_a_model_of_grey_images_writes_grey_images(place):
    write_model("grey.safetensors", {"channels": 1}, in_channels=1, out_channels=1)
    assert main(["translate", "grey.safetensors", "photos", "--out", "out", "--seed", "4"]) == 0
    with Image.open("out/cat.png") as written:
        assert written.mode == "L" and written.size == (CAT.shape[1], CAT.shape[0])
        expected = load("grey.safetensors").translate(Image.fromarray(CAT), seed=4)
        assert np.array_equal(np.asarray(written), np.asarray(expected))
