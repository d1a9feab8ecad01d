"""What a CycleGAN or CUT recipe cannot be, told before anything starts; and that every shipped one can be built."""

from __future__ import annotations

import pytest

from limner.config.load import load_recipe
from limner.errors import RecipeError
from limner.methods import build_method, build_model
from limner.models import Translator

SHIPPED = [
    "cyclegan-horse2zebra", "cyclegan-cityscapes", "cyclegan-edges2shoes", "cyclegan-face2simpson",
    "cyclegan-quickstart", "cut-horse2zebra", "fastcut-horse2zebra", "cut-quickstart",
]  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "overrides", "words"),
    [
        ("cyclegan-horse2zebra", "data.size=130", ["data.size is 130", "multiple of 4", "data.size=128"]),
        ("cyclegan-cityscapes", "data.size=100", ["generator.kind=original-unet", "multiple of 16", "data.size=96"]),
        ("cyclegan-horse2zebra", "generator.out_channels=1", ["loss.identity", "in_channels is 3", "loss.identity=0"]),
        (
            "cyclegan-horse2zebra",
            "generator.out_channels=1 loss.identity=0",
            ["generator.out_channels is 1", "data.channels is 3: set generator.out_channels=3"],
        ),
        (
            "cyclegan-horse2zebra",
            "discriminator.in_channels=6",
            ["discriminator.in_channels is 6", "sees one at a time", "discriminator.in_channels=3"],
        ),
        ("cyclegan-horse2zebra", "loss.identity_form=paired", ["data.paired is false", "data.paired=true"]),
        ("cyclegan-horse2zebra", "data.direction=BtoA", ["data.direction is BtoA", "both directions"]),
        ("cyclegan-horse2zebra", "data.derive.kind=edges", ["unknown key 'data.derive'"]),
        ("cyclegan-horse2zebra", "loss.adversary=false loss.cycle=0 loss.identity=0", ["leaves nothing to learn"]),
        ("cyclegan-horse2zebra", "training.optimisers.generator.lr=1", ["generators and discriminators"]),
        ("cyclegan-cityscapes", "data.augment_b.scale=0.5", ["data.paired=true", "data.augment_b"]),
        ("cut-horse2zebra", "generator.kind=unet", ["generator.kind", "resnet"]),
        ("cut-horse2zebra", "data.size=16", ["single patch"]),
        ("cyclegan-horse2zebra", "generator.kind=restnet", ["generator", "resnet"]),
        ("cyclegan-horse2zebra", "generator.kind=unet generator.blocks=6", ["key of the kind resnet"]),
    ],
)
def test_impossible_together(recipe: str, overrides: str, words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe, overrides.split())
    said = f"{caught.value.message} {caught.value.tip}"
    assert all(word in said for word in words), said


def test_another_kind_keeps_nothing_of_the_one_before() -> None:
    words = ["generator.up=nearest", "generator.kind=original-unet"]
    for order in (words, words[::-1]):
        generator = load_recipe("cyclegan-horse2zebra", order).model_dump()["generator"]
        assert generator["kind"] == "original-unet" and generator["up"] == "nearest" and generator["levels"] == 4


@pytest.mark.parametrize("name", ["cyclegan-horse2zebra", "cut-horse2zebra"])
def test_grey_images_need_grey_networks(name: str) -> None:
    words = ["data.channels=1", "generator.in_channels=1", "generator.out_channels=1", "discriminator.in_channels=1"]
    assert load_recipe(name, words).data.channels == 1
    with pytest.raises(RecipeError, match=r"discriminator.in_channels is 3, but data.channels is 1"):
        load_recipe(name, words[:3])


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_builds(name: str) -> None:
    small = [
        "generator.base_channels=4",
        "discriminator.base_channels=4",
        "data.size=64",
        "discriminator.receptive_field=16",
    ]
    method = build_method(load_recipe(name, small))
    assert isinstance(method.model, Translator)
    assert {"cyclegan": 2, "cut": 1}[load_recipe(name).method] == len(method.model.directions)


def test_the_paper_s_networks() -> None:
    model = build_model(load_recipe("cyclegan-horse2zebra"))
    assert isinstance(model, Translator)
    count = {name: sum(p.numel() for p in network.parameters()) for name, network in model.generators.items()}
    assert count == {"AtoB": 11_378_179, "BtoA": 11_378_179}
