"""What a person sees while a model trains is what the model makes afterwards, pixel for pixel."""

import io
import sys

import numpy as np
import pytest
import torch
from cases import CASES, TINY, Case
from PIL import Image
from rich.console import Console

import limner
from limner.config.load import load_recipe
from limner.data.batch import to_bytes, to_range
from limner.data.splits import References
from limner.evaluation import evaluate
from limner.inference import TrainedTranslator
from limner.methods.pix2pix import Pix2Pix
from limner.runs.folder import RunFolder
from limner.runs.samples import at_step, read_index, read_ranked

NEGATED = """
from limner.methods.pix2pix import Pix2Pix
from limner.models import Translator


class Negated(Translator):
    def translate(self, images, direction=None):
        return -super().translate(images, direction)


class Mine(Pix2Pix):
    @staticmethod
    def build_model(recipe):
        plain = Pix2Pix.build_model(recipe)
        return Negated(dict(plain.generators.items()), plain.sizes, plain.channels)
"""
MINE = Case("negated", "negated.yaml", TINY)
BY_NAME = {case.name: case for case in (*CASES, MINE)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pairs):
    """Trains a case once; the folder of its run."""
    place, runs = tmp_path_factory.mktemp("same"), {}
    (place / "negated_for_tests.py").write_text(NEGATED)
    (place / "negated.yaml").write_text("extends: pix2pix-facades\nmethod: negated_for_tests:Mine\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMNER_CACHE", str(place / "cache"))
        patch.syspath_prepend(place)
        patch.delitem(sys.modules, "negated_for_tests", raising=False)

        def train(name):
            if name not in runs:
                case = BY_NAME[name]
                recipe = place / case.recipe if case is MINE else case.recipe
                words, console = [*case.words, f"data.path={pairs}"], Console(file=io.StringIO())
                runs[name] = limner.train(recipe, name=name, runs=place, words=words, console=console).path
            return runs[name]

        yield train


def samples(run, step):
    """The rows of the run's samples at a step."""
    return rows_of(run, read_index(RunFolder(run)), step)


def rows_of(run, index, step):
    """(direction, {column: pixels}) of every row."""
    for group in index.groups:
        for row in group.rows:
            files = {key: run / "samples" / at_step(path, step) for key, path in row.images.items()}
            yield group.direction or None, {key: np.asarray(Image.open(file)) for key, file in files.items()}


@pytest.mark.parametrize(
    "name", ["pix2pix", "pix2pix-ema-linear", "pix2pix-bf16-microbatches", "cyclegan", "fastcut", "negated"]
)
def test_the_last_samples_of_a_run_are_what_its_model_makes(trained, name):
    run = trained(name)
    recipe, model = load_recipe(run / "recipe.yaml"), limner.load(run, weights="newest", device="cpu")
    assert model.card.step == 6 and model.card.ema == (recipe.training.ema is not None)
    shown = list(samples(run, 6))
    assert len(shown) >= 4
    for direction, row in shown:
        assert row["output"].std() > 0, "a constant picture would prove nothing"
        assert np.array_equal(model.translate(row["input"], seed=recipe.seed, direction=direction), row["output"])
        if name.startswith("pix2pix"):
            other = model.translate(row["input"], seed=recipe.seed + 1, direction=direction)
            assert not np.array_equal(other, row["output"]), "dropout is on, and keyed by the seed"


@pytest.mark.parametrize("name", ["pix2pix", "pix2pix-bf16-microbatches", "cyclegan", "negated"])
def test_what_a_validation_ranks_is_what_the_model_makes(trained, name):
    """Most of it was translated while the losses were computed, and is not translated again."""
    run = trained(name)
    recipe, model = load_recipe(run / "recipe.yaml"), limner.load(run, weights="newest", device="cpu")
    ranked = read_ranked(RunFolder(run))
    assert ranked.step == 6 and ranked.groups
    for direction, row in rows_of(run, ranked, 6):
        assert np.array_equal(model.translate(row["input"], seed=recipe.seed, direction=direction), row["output"])


def test_samples_change_from_step_to_step(trained):
    """Else the test above could pass with any weights."""
    run = trained("pix2pix")
    for (_, before), (_, after) in zip(samples(run, 3), samples(run, 6), strict=True):
        assert np.array_equal(before["input"], after["input"])
        assert not np.array_equal(before["output"], after["output"])


def test_a_model_with_a_way_of_its_own_is_run_its_own_way_everywhere(trained):
    run = trained("negated")
    recipe, model = load_recipe(run / "recipe.yaml"), limner.load(run, weights="newest", device="cpu")
    assert isinstance(model, TrainedTranslator) and type(model.model).__name__ == "Negated"
    inputs = torch.from_numpy(np.stack([row["input"] for _, row in samples(run, 6)])).permute(0, 3, 1, 2)
    references = References([""] * len(inputs), inputs, inputs)
    seen = evaluate(model.model, references, (), recipe.use, recipe.seed).outputs.images
    plain = Pix2Pix.build_model(recipe)
    plain.load_state_dict(model.state_dict())
    unturned = evaluate(plain, references, (), recipe.use, recipe.seed).outputs.images
    for image, looked_at, other in zip(inputs, seen, unturned, strict=True):
        made = to_bytes(model.translate(to_range(image), seed=recipe.seed))
        assert torch.equal(made, looked_at)
        assert (made.int() + other.int() - 255).abs().max() <= 1 and not torch.equal(made, other)


def test_a_model_with_a_way_of_its_own_keeps_it_in_its_file(trained, tmp_path, monkeypatch):
    run = trained("negated")
    model = limner.load(run, device="cpu")
    model.save(tmp_path / "negated.safetensors")
    image = next(samples(run, 6))[1]["input"]
    again = limner.load(tmp_path / "negated.safetensors", device="cpu")
    assert np.array_equal(again.translate(image, seed=1), model.translate(image, seed=1))
