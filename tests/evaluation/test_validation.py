"""A validation sees the model as it is used, does no work twice, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import DOMAINS, TINY
from torch import Tensor, nn

from limner.config.load import load_recipe
from limner.config.recipe import Recipe
from limner.data.batch import DomainBatch
from limner.data.splits import Splits
from limner.distributed import single_process
from limner.errors import RecipeError
from limner.evaluation import Validator, evaluate
from limner.methods import build_method
from limner.methods.method import Method, Terms
from limner.metrics import available
from limner.models import Translator
from limner.random import Draw
from limner.training.session import open_images

CPU = torch.device("cpu")


def prepare(name: str, words: tuple[str, ...], pairs: Path, *more: str) -> tuple[Recipe, Splits, Method]:
    recipe = load_recipe(name, [*words, f"data.path={pairs}", *more])
    return recipe, open_images(recipe), build_method(recipe).train()


def validator(recipe: Recipe, method: Method) -> Validator:
    return Validator(method, recipe, single_process(CPU), nullcontext)


@contextmanager
def counted(method: Method) -> Iterator[dict[str, int]]:
    """How often each generator runs inside."""
    assert isinstance(method.model, Translator)
    counts = dict.fromkeys(method.model.directions, 0)

    def count(direction: str) -> None:
        counts[direction] += 1

    hooks = [
        network.register_forward_hook(lambda *_, way=way: count(way))
        for way, network in method.model.generators.items()
    ]
    yield counts
    for hook in hooks:
        hook.remove()


def test_no_image_is_translated_twice(pairs: Path) -> None:
    recipe, splits, method = prepare("cyclegan-horse2zebra", DOMAINS, pairs)
    checker, images = validator(recipe, method), len(splits.validation)
    with counted(method) as counts:
        validated = checker.validate(splits.validation, losses=True)
    # There, back and the identity term, in each direction; scores and samples take what the losses have made.
    assert counts == {"AtoB": 3 * images, "BtoA": 3 * images}
    for label, direction in checker.directions.items():
        evaluation = validated.directions[label]
        again = evaluate(method.model, evaluation.references, (), recipe.use, recipe.seed, direction).outputs
        assert torch.equal(again.images, evaluation.outputs.images)
        assert again.round_trips is not None and evaluation.outputs.round_trips is not None
        assert torch.equal(again.round_trips, evaluation.outputs.round_trips)
    with counted(method) as counts:
        assert checker.validate(splits.train, losses=False).losses == {}
    assert counts == {"AtoB": 2 * 3, "BtoA": 2 * 3}, "there and back for training.evaluate=3 images"


@pytest.mark.parametrize("dropout", [True, False])
def test_a_pair_is_translated_once_and_as_the_recipe_says(dropout: bool, pairs: Path) -> None:
    recipe, splits, method = prepare("pix2pix-facades", TINY, pairs, f"use.dropout={dropout}".lower())
    with counted(method) as counts:
        validated = validator(recipe, method).validate(splits.validation, losses=True)
    assert counts == {"AtoB": len(splits.validation)}
    references = validated.directions[""].references
    assert isinstance(method.model, Translator)
    metrics = available(references)
    alone = evaluate(method.model, references, metrics, recipe.use, recipe.seed)
    assert alone.scores == validated.scores
    other = evaluate(method.model, references, metrics, recipe.use, recipe.seed + 1)
    assert (other.scores == alone.scores) is not dropout, "only dropout has noise"
    # The loss is of the same image: its L1, in [-1, 1], is twice that of the bytes.
    assert validated.losses["generator/l1"] == pytest.approx(2 * validated.scores["l1"], abs=0.01)


class Watched(nn.Module):
    """Counts how often it is asked, in a buffer."""

    count: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, *images: Tensor) -> Tensor:
        self.count += 1
        made: Tensor = self.network(*images)
        return made


@pytest.mark.parametrize(
    ("name", "words", "more"),
    [
        ("pix2pix-facades", TINY, ()),
        ("cyclegan-horse2zebra", DOMAINS, ("loss.image_pool=3", "generator.norm=batch")),
        ("cut-horse2zebra", DOMAINS, ("loss.patches=8",)),
    ],
)
def test_nothing_is_changed(name: str, words: tuple[str, ...], more: tuple[str, ...], pairs: Path) -> None:
    recipe, splits, method = prepare(name, words, pairs, *more)
    discriminator = next(name for name, _ in method.named_children() if name.startswith("discriminator"))
    watched = Watched(nn.utils.parametrizations.spectral_norm(getattr(method, discriminator).layers[0]))
    getattr(method, discriminator).layers[0] = watched
    method.train()
    before = {key: value.clone() for key, value in method.state_dict().items()}
    modes = [module.training for module in method.modules()]
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    validator(recipe, method).validate_splits(splits)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())
    assert [module.training for module in method.modules()] == modes
    assert "translate" not in vars(method.model)


def test_a_method_that_trains_in_bf16_is_validated_in_fp32(pairs: Path) -> None:
    numbers = []
    for precision in ("fp32", "bf16"):
        recipe, splits, method = prepare("pix2pix-facades", TINY, pairs, f"precision={precision}")
        validated = validator(recipe, method).validate(splits.validation, losses=True)
        numbers.append((validated.losses, validated.scores))
    assert numbers[0] == numbers[1]


def test_a_method_that_translates_a_fake_once_more_changes_no_round_trip(pairs: Path) -> None:
    """An idempotence term asks for the fake in the same direction again, before or after its way back."""
    recipe, splits, method = prepare("cyclegan-horse2zebra", DOMAINS, pairs)
    expected = validator(recipe, method).validate(splits.validation, losses=True).scores

    class Idempotent(type(method)):  # type: ignore[misc]
        def share(self, batch: DomainBatch, draw: Draw) -> Any:
            fakes = super().share(batch, draw)
            self.model.translate(fakes.b, "AtoB")
            return fakes

        def generators_loss(self, batch: DomainBatch, draw: Draw, fakes: Any) -> Terms:
            terms: Terms = super().generators_loss(batch, draw, fakes)
            self.model.translate(fakes.b, "AtoB")
            return terms

    method.__class__ = Idempotent
    assert validator(recipe, method).validate(splits.validation, losses=True).scores == expected


L1_ALONE = (*TINY, "loss.mode=l1")


@pytest.mark.parametrize(
    ("name", "words", "best", "highest"),
    [
        ("pix2pix-facades", TINY, "val/l1", False),
        ("pix2pix-facades", TINY, "train/ssim", True),
        ("pix2pix-facades", TINY, "val/generator/l1", False),
        ("pix2pix-facades", TINY, "val/discriminator/total", False),
        ("pix2pix-facades", L1_ALONE, "val/generator/l1", False),
        ("pix2pix-facades", L1_ALONE, "val/generator/adversarial", None),
        ("pix2pix-facades", TINY, "val/discriminator/relativistic", None),
        ("pix2pix-facades", TINY, "val/beauty", None),
        ("pix2pix-facades", TINY, "val/change", None),
        ("cyclegan-horse2zebra", DOMAINS, "val/AtoB/change", None),
        ("cyclegan-horse2zebra", DOMAINS, "val/generators/total", False),
        ("cyclegan-horse2zebra", DOMAINS, "val/generators/cycle_a", False),
        ("cyclegan-horse2zebra", DOMAINS, "val/generators/paired_a", None),
        ("cyclegan-horse2zebra", DOMAINS, "train/AtoB/l1", None),
    ],
)
def test_only_numbers_that_a_validation_gives_can_be_the_best(
    name: str, words: tuple[str, ...], best: str, highest: bool | None, pairs: Path
) -> None:
    recipe, splits, method = prepare(name, words, pairs, f"training.best={best}")
    if highest is None:
        with pytest.raises(RecipeError, match=best):
            validator(recipe, method).best_is_highest(splits)
    else:
        assert validator(recipe, method).best_is_highest(splits) is highest


def test_a_loss_that_nothing_is_declared_of_can_be_the_best(pairs: Path) -> None:
    recipe, splits, method = prepare("pix2pix-facades", TINY, pairs, "training.best=val/generator/own")

    class Own(type(method)):  # type: ignore[misc]
        def generator_loss(self, batch: Any, draw: Draw, shared: Any) -> Terms:
            terms: Terms = super().generator_loss(batch, draw, shared)
            return terms | {"own": next(iter(terms.values()))}

    method.__class__ = Own
    with pytest.raises(RecipeError, match="neither high nor low") as caught:
        validator(recipe, method).best_is_highest(splits)
    assert "training.best_is" in str(caught.value.tip)
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"best_is": "highest"})})
    assert validator(recipe, method).best_is_highest(splits)
