"""Settings that are fine one by one and impossible together end before anything is built, in one line."""

import pytest
import torch

from limner.config.load import load_recipe
from limner.config.networks import PatchGANSettings, UNetSettings
from limner.errors import RecipeError
from limner.networks import PatchGAN, UNet


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ("data.size=128", ["data.size is 128", "8 levels", "multiple of 256", "generator.levels=7", "data.size=256"]),
        ("data.size=100", ["multiple of 256", "generator.levels=2", "data.size=256"]),
        ("data.size=16 generator.levels=4", ["data.size is 16", "discriminator.receptive_field=70", "single patch"]),
        (
            "data.size=64 generator.levels=6 discriminator.receptive_field=286",
            ["discriminator.receptive_field=286", "single patch"],
        ),
        (
            "data.size=4 generator.levels=2 discriminator.receptive_field=16 discriminator.kernel=3",
            [],
        ),
        (
            "data.size=4 generator.levels=2 discriminator.kernel=3",
            ["batch norm one value per channel", "training.batch=1", "discriminator.receptive_field=70"],
        ),
        (
            "data.size=4 generator.levels=2 discriminator.kernel=3 discriminator.norm=instance training.batch=2",
            ["instance norm one value per channel"],
        ),
        (
            "data.size=4 generator.levels=2 discriminator.kernel=3 training.batch=2 training.accumulate=2",
            ["batch norm one value per channel"],
        ),
        ("generator.dropout_blocks=[8]", ["generator.dropout_blocks is [8]", "generator.levels=8", "1 to 7"]),
        ("generator.in_channels=1", ["generator.in_channels is 1", "data.channels is 3: set generator.in_channels=3"]),
        (
            "data.channels=1 generator.out_channels=1",
            [
                "generator.in_channels is 3 and discriminator.in_channels is 6, but data.channels is 1",
                "the discriminator sees 2 at a time",
                "set generator.in_channels=1 and discriminator.in_channels=2",
            ],
        ),
        (
            "discriminator.in_channels=3",
            ["discriminator.in_channels is 3, but data.channels is 3", ": set discriminator.in_channels=6"],
        ),
        ("training.optimisers.critic.lr=1", ["training.optimisers.critic", "generator and discriminator"]),
        ("loss.mode=l1 loss.l1=0", ["loss.mode=l1", "loss.l1=0"]),
        ("training.time=2h training.schedule.kind=linear", ["training.schedule.kind=linear", "training.time"]),
        (
            "training.time=2h training.optimisers.discriminator.schedule.kind=linear",
            ["training.optimisers.discriminator.schedule.kind=linear", "training.time"],
        ),
        ("training.batch=3 training.accumulate=2", ["training.batch is 3", "training.accumulate=2"]),
        ("devices=2 device=cuda:1", ["devices is 2", "device=cuda:1"]),
        ("devices=2 device=mps", ["devices is 2", "device=mps"]),
        ("data.path_b=there", ["data.path_b", "data.path is not"]),
        ("data.path=a data.path_b=b data.derive.kind=grey", ["data.derive", "data.path_b"]),
        ("training.epochs=", ["exactly one of training.steps, training.epochs, training.time", "given: none"]),
        ("training={steps: 3, epochs: 4}", ["given: training.steps, training.epochs"]),
    ],
)
def test_impossible_together(overrides: str, words: list[str]) -> None:
    arguments = [overrides] if "{" in overrides else overrides.split(" ")
    if not words:
        load_recipe("pix2pix-facades", arguments)
        return
    with pytest.raises(RecipeError) as caught:
        load_recipe("pix2pix-facades", arguments)
    assert "\n" not in caught.value.message
    for word in words:
        assert word in caught.value.message


@pytest.mark.parametrize(
    "overrides",
    [
        "loss.mode=l1 data.size=16 generator.levels=4",
        "data.size=4 generator.levels=2 discriminator.kernel=3 training.batch=2",
        "data.size=4 generator.levels=2 discriminator.kernel=3 discriminator.norm=none",
        "data.size=512",
        "training.time=2h training.schedule.kind=exponential",
        "training.batch=4 training.accumulate=2",
        "devices=2 device=cuda",
        "generator.levels=3 data.size=64",
        "data.channels=1 generator.in_channels=1 generator.out_channels=1 discriminator.in_channels=2",
        "training.optimisers.discriminator.schedule.kind=linear",
    ],
)
def test_possible_together(overrides: str) -> None:
    load_recipe("pix2pix-facades", overrides.split())


def test_a_player_may_have_a_schedule_of_its_own() -> None:
    words = [
        "training.schedule.kind=linear",
        "training.optimisers.discriminator.schedule={kind: exponential, gamma: 0.5}",
    ]
    training = load_recipe("pix2pix-facades", words).training
    assert training.schedule_of("discriminator").gamma == 0.5
    assert training.schedule_of("generator").kind == "linear"
    plain = load_recipe("pix2pix-facades", [words[0], "training.optimisers.discriminator.lr=1e-4"]).training
    assert plain.schedule_of("discriminator") == plain.schedule


def test_fewer_levels_drop_the_dropout_blocks_that_are_gone() -> None:
    assert UNetSettings(levels=3).dropout_blocks == [1, 2]
    assert UNetSettings().dropout_blocks == [1, 2, 3, 4]


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("field", [1, 16, 70, 286])
def test_sides_are_those_of_the_network(field: int, kernel: int) -> None:
    settings = PatchGANSettings.model_validate({"receptive_field": field, "kernel": kernel})
    network = PatchGAN(receptive_field=settings.receptive_field, base_channels=1, kernel=kernel, norm="none")
    sides: list[int] = []
    for layer in network.layers:
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, __, output: sides.append(output.shape[-1]))
    with torch.no_grad():
        network(torch.zeros(1, 6, 200, 200))
    assert settings.sides(200) == sides


def test_a_unet_at_its_smallest_size_has_enough_values_for_batch_norm() -> None:
    """Why no rule is needed: the innermost block, the only one with one value per channel, has no norm."""
    assert UNet(levels=3, base_channels=2).train()(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)
