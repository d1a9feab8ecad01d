"""A generator of somebody's own, from noise and labels to images: saved, loaded, asked for classes."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from limner.cli import main
from limner.config.load import load_recipe
from limner.data.splits import References
from limner.distributed import Processes, single_process
from limner.errors import DataError, WeightsError
from limner.evaluation import Validator, evaluate
from limner.inference import TrainedGenerator, load
from limner.inference.load import assemble
from limner.methods import build_method, build_model
from limner.models.model_file import ModelCard
from limner.models.running import AT_ONCE
from limner.runs.checkpoint import save_checkpoint
from limner.runs.folder import RunFolder
from limner.runs.samples import at_step, read_index
from limner.runs.tensors import tensors_to_bytes
from limner.training.fixed_samples import FixedSamples

CPU = torch.device("cpu")
SIZE = 8
METHOD = """
from typing import ClassVar

import torch
from pydantic import Field
from torch import nn

from limner.config.recipe import Recipe
from limner.methods import Method
from limner.models import ImageGenerator


class PainterRecipe(Recipe):
    names: list[str] = []
    strength: float = Field(0.3, alias="noise")


class Painter(ImageGenerator):
    '''Noise on a colour: that of the class, where there are classes.'''

    def __init__(self, names, size):
        super().__init__(names)
        self.size = size
        self.colours = nn.Embedding(max(len(names), 1), 3)
        self.register_buffer("made", torch.zeros(()))
        self.dropout = nn.Dropout(0.5)

    def generate(self, n, labels, draw):
        noise = 0.3 * self.dropout(draw.normal(n, 3, self.size, self.size))
        labels = torch.zeros(n, dtype=torch.int64) if labels is None else labels
        return (noise + self.colours(labels)[:, :, None, None]).tanh()

    def reconstruct(self, images, labels):
        return -images


class Painting(Method):
    recipe: ClassVar = PainterRecipe
    players = {"generator": ["model"]}
    turns = ("generator",)

    @staticmethod
    def build_model(recipe):
        return Painter(recipe.names, recipe.data.size)
"""
ANIMALS = ["cat", "dog", "horse"]


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Makes a recipe of the method above, which lies in a module of its own."""
    (tmp_path / "painter_for_tests.py").write_text(METHOD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "painter_for_tests", raising=False)
    monkeypatch.setenv("LIMNER_METHODS", "painter_for_tests")

    def make(names=ANIMALS, *words):
        text = f"method: painter_for_tests:Painting\ntraining: {{steps: 1, samples: 4}}\nnames: {names}\n"
        (tmp_path / "recipe.yaml").write_text(f"{text}data: {{size: {SIZE}}}\n")
        return load_recipe(tmp_path / "recipe.yaml", words)

    return make


def generator(recipe) -> TrainedGenerator:
    torch.manual_seed(1)
    model = assemble(ModelCard(recipe), build_model(recipe).state_dict(), CPU)
    assert isinstance(model, TrainedGenerator)
    return model


def pixels(images):
    return [np.asarray(image) for image in images]


def colour(image):
    return np.asarray(image).mean(axis=(0, 1))


def same(some, others):
    return len(some) == len(others) and all(map(np.array_equal, pixels(some), pixels(others)))


def test_a_saved_generator_makes_the_same_images(recipe, tmp_path):
    model = generator(recipe())
    model.save(tmp_path / "painter.safetensors")
    again = load(tmp_path / "painter.safetensors", device="cpu")
    assert isinstance(again, TrainedGenerator)
    assert (again.classes, again.size, again.card.method) == (tuple(ANIMALS), SIZE, "painter_for_tests:Painting")
    made = model.generate(7, seed=3)
    assert [(image.mode, image.size) for image in made] == [("RGB", (SIZE, SIZE))] * 7
    assert same(again.generate(7, seed=3), made) and same(model.generate(7, seed=3), made)
    assert not same(model.generate(7, seed=4), made) and not same(model.generate(7), model.generate(7))


def test_a_saved_generator_keeps_a_key_whose_field_has_another_name(recipe, tmp_path):
    generator(recipe(ANIMALS, "noise=0.5")).save(tmp_path / "painter.safetensors")
    assert load(tmp_path / "painter.safetensors").card.recipe.strength == 0.5


def test_a_generator_loaded_in_inference_mode_works_outside(recipe, tmp_path):
    generator(recipe([])).save(tmp_path / "painter.safetensors")
    with torch.inference_mode():
        model = load(tmp_path / "painter.safetensors", device="cpu")
    assert same(model.generate(2, seed=1), model.generate(2, seed=1))


def test_a_run_of_a_generator_is_loaded(recipe, tmp_path):
    made = recipe()
    state = {f"model.{name}": value for name, value in build_model(made).state_dict().items()}
    files = {"model.safetensors": tensors_to_bytes({**state, "discriminator.weight": torch.zeros(1)})}
    save_checkpoint(tmp_path / "checkpoints", "step-000005", files, {"step": 5})
    model = load(tmp_path, device="cpu")
    assert isinstance(model, TrainedGenerator) and model.card.step == 5
    assert all(torch.equal(model.state_dict()[name.removeprefix("model.")], value) for name, value in state.items())


def test_only_a_trusted_generator_is_loaded(recipe, tmp_path, monkeypatch):
    generator(recipe()).save(tmp_path / "painter.safetensors")
    monkeypatch.delitem(sys.modules, "painter_for_tests")
    monkeypatch.delenv("LIMNER_METHODS")
    with pytest.raises(WeightsError, match="'painter_for_tests' would have to be run") as caught:
        load(tmp_path / "painter.safetensors")
    assert "LIMNER_METHODS=painter_for_tests" in caught.value.tip
    assert "painter_for_tests" not in sys.modules


def test_classes_are_taken_in_turns(recipe):
    model = generator(recipe())
    of_each = {name: colour(model.generate(1, name, seed=1)[0]) for name in ANIMALS}

    def classes(images):
        return [min(ANIMALS, key=lambda name: np.abs(colour(image) - of_each[name]).sum()) for image in images]

    assert classes(model.generate(7, seed=2)) == [*ANIMALS, *ANIMALS, "cat"]
    assert classes(model.generate(4, ["horse", "cat"], seed=2)) == ["horse", "cat"] * 2
    assert classes(model.generate(3, "dog", seed=2)) == ["dog"] * 3
    more = model.generate(AT_ONCE + 5, seed=2)
    assert classes(more) == [ANIMALS[index % 3] for index in range(AT_ONCE + 5)]
    assert not np.array_equal(pixels(more)[AT_ONCE + 2], pixels(more)[0]), "each part has noise of its own"


@pytest.mark.parametrize(
    "n, classes, message, tip",
    [
        (1, "hors", "no class 'hors'", "a similar class exists: 'horse'"),
        (2, ["cat", "xylophone"], "no class 'xylophone'", "it has cat, dog, horse"),
        (0, None, "0 images", "at least 1"),
    ],
)
def test_what_cannot_be_asked_for(recipe, n, classes, message, tip):
    with pytest.raises(DataError, match=message) as caught:
        generator(recipe()).generate(n, classes)
    assert tip in caught.value.tip


def test_a_generator_without_classes(recipe):
    model = generator(recipe([]))
    assert model.classes == () and len(model.generate(3)) == 3
    with pytest.raises(DataError, match="has no classes"):
        model.generate(1, "cat")


def test_a_generator_translates_nothing(recipe):
    with pytest.raises(DataError, match="translates none") as caught:
        generator(recipe()).translate(np.zeros((8, 8, 3), np.uint8))
    assert "generate" in caught.value.tip


def test_the_command_line_says_so_too(recipe, tmp_path, capsys):
    generator(recipe()).save(tmp_path / "painter.safetensors")
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    words = ["translate", str(tmp_path / "painter.safetensors"), str(tmp_path / "photo.png")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "generates images and translates none" in said and "tip: give a model that translates" in said
    assert not (tmp_path / "out").exists()


def test_dropout_is_as_the_recipe_says(recipe):
    noisy, quiet = (generator(recipe([], f"use.dropout={on}")) for on in ("true", "false"))
    assert noisy.has_dropout
    assert not same(noisy.generate(2, seed=1), quiet.generate(2, seed=1))


def references(count, labels=None):
    images = torch.zeros(count, 3, SIZE, SIZE, dtype=torch.uint8)
    return References([str(number) for number in range(count)], images, labels=labels)


@pytest.mark.parametrize("count", [3, AT_ONCE + 5])
def test_a_validation_sees_what_a_user_will(recipe, count):
    made = recipe([])
    model = generator(made)
    outputs = evaluate(model.model, references(count), (), made.use, seed=9).outputs
    assert np.array_equal(outputs.images.permute(0, 2, 3, 1), np.stack(pixels(model.generate(count, seed=9))))


def test_a_validation_makes_the_classes_of_the_real_images(recipe):
    made = recipe()
    model = generator(made)
    labels = torch.tensor([2, 2, 0, 1])
    outputs = evaluate(model.model, references(4, labels), (), made.use, seed=9).outputs
    assert outputs.labels is labels
    expected = model.generate(4, [ANIMALS[label] for label in labels], seed=9)
    assert np.array_equal(outputs.images.permute(0, 2, 3, 1), np.stack(pixels(expected)))


def test_several_processes_make_the_same_images(recipe):
    """One of the two has nothing to make: there are fewer images than are made at once."""
    made = recipe([])
    model, parts = generator(made).model, {}

    class Noted(Processes):
        def gather(self, rows, count):
            parts[self.rank] = rows
            return rows if len(rows) else torch.zeros(count, *rows.shape[1:], dtype=rows.dtype)

    for rank in (0, 1):
        evaluate(model, references(5), (), made.use, 9, processes=Noted(rank, 2, CPU))
    assert [len(parts[0]), len(parts[1])] == [1, 0] and parts[0].shape[1:] == parts[1].shape[1:]


def samples_of(recipe, folder, images=0, labels=None):
    """Write the samples of a method that has not learnt yet; the method, and the images by column of each group."""

    class Split:
        def __len__(self):
            return images

        def references(self, most, back=False):
            return references(min(most, images), labels)

    method, run = build_method(recipe), RunFolder(folder)
    splits = type("Splits", (), {"train": Split(), "validation": Split()})
    validator = Validator(method, recipe, single_process(CPU), lambda: torch.no_grad())
    FixedSamples(run, splits, validator).write(5, first=True)
    index = read_index(run)
    return method, index


def test_the_samples_of_a_run_show_a_column_for_each_class(recipe, tmp_path):
    method, index = samples_of(recipe(), tmp_path)
    (group,) = index.groups
    assert [column.title for column in group.columns] == ANIMALS and len(group.rows) == 4

    def image(row, column):
        return np.asarray(Image.open(tmp_path / "samples" / at_step(row.images[column.key], 5)))

    wanted = (method.model.colours.weight.detach().tanh() + 1) * 127.5
    for row in group.rows:
        for column, expected in zip(group.columns, wanted, strict=True):
            assert np.abs(image(row, column).mean(axis=(0, 1)) - expected.numpy()).max() < 40
    first, second = group.rows[:2]
    assert not np.array_equal(image(first, group.columns[0]), image(second, group.columns[0]))


def test_the_samples_of_a_run_show_reconstructions(recipe, tmp_path):
    _, index = samples_of(recipe([]), tmp_path, images=3)
    drawn, *others = index.groups
    assert len(drawn.columns) == 8 and {column.title for column in drawn.columns} == {""}
    assert [group.key for group in others] == ["real-val", "val", "real-train", "train"]
    again = others[1::2]
    for group in again:
        assert [column.key for column in group.columns] == ["input", "reconstruction"] and len(group.rows) == 3
