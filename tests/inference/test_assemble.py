"""A model is built only when the weights fit it."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from limner.config.networks import ResNetSettings
from limner.errors import DataError, WeightsError
from limner.inference.load import assemble, load
from limner.methods import build_model
from limner.models.model_file import ModelCard, model_recipe, read_model_file, save_model_file

CPU = torch.device("cpu")


def card(method="pix2pix", **generator):
    return ModelCard(model_recipe({"method": method, "generator": generator}))


CARDS = [
    card(kind="unet", levels=3, base_channels=4),
    card(kind="resnet", blocks=2, base_channels=4, sampling="antialiased", norm="batch"),
    card(kind="resnet", blocks=1, base_channels=4, sampling="nearest", norm="none"),
    card(kind="original-unet", levels=2, base_channels=4, norm="batch"),
    card("cyclegan", blocks=1, base_channels=4),
    card("cut", blocks=1, base_channels=4),
]


class Operations(TorchFunctionMode):
    """Notes what is called on the meta device, and how many numbers results elsewhere hold at most."""

    def __init__(self):
        super().__init__()
        self.on_meta, self.largest = set(), 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.is_meta:
            self.on_meta.add(func.__name__)
        elif isinstance(result, torch.Tensor):
            self.largest = max(self.largest, result.numel())
        return result


@pytest.mark.parametrize("described", CARDS, ids=lambda card: f"{card.method}-{card.recipe.generator.kind}")
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_every_weight_is_that_of_the_file(described, kind, tmp_path):
    state = build_model(described.recipe).state_dict()
    stored = {name: part.to(kind) if part.is_floating_point() else part for name, part in state.items()}
    save_model_file(tmp_path / "model.safetensors", stored, described)
    assembled = assemble(*read_model_file(tmp_path / "model.safetensors"), CPU)
    expected = build_model(described.recipe)
    expected.load_state_dict(stored)
    assert assembled.directions == list(expected.directions)
    found = assembled.model
    assert not found.training and not any(parameter.requires_grad for parameter in found.parameters())
    for ours, wanted in ((found.state_dict(), expected.state_dict()), (all_buffers(found), all_buffers(expected))):
        assert list(ours) == list(wanted)
        for name, part in wanted.items():
            assert (ours[name].dtype, ours[name].device) == (part.dtype, CPU) and torch.equal(ours[name], part)


def all_buffers(network):
    """Those that are in no state too, such as the kernel that blurs."""
    return dict(network.named_buffers())


@pytest.mark.parametrize(
    "described",
    [
        card(kind="unet", levels=8, base_channels=65_536),
        card(kind="original-unet", levels=8, base_channels=65_536, in_channels=65_536),
        card(kind="resnet", blocks=200, base_channels=60_000),
        card(kind="resnet", sampling="antialiased", base_channels=60_000, norm="batch"),
        card("cyclegan", base_channels=60_000),
        card("cut", sampling="antialiased", base_channels=60_000),
    ],
    ids=lambda card: f"{card.method}-{card.recipe.generator.kind}",
)
def test_a_small_file_that_describes_a_huge_network_takes_no_memory(described, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model_file(path, {"generators.AtoB.x": torch.zeros(1)}, described)
    assert path.stat().st_size < 4000
    read, state = read_model_file(path)
    with Operations() as done, pytest.raises(WeightsError, match=r"do not belong .* is missing, the settings say \("):
        assemble(read, state, CPU)
    assert done.largest < 10_000_000
    slow = {"normal_", "outer", "repeat"} & done.on_meta
    assert not slow, "on the meta device they first import torch's compiler, which takes seconds"


def test_a_missing_an_unknown_and_a_misshapen_weight_are_named():
    state = build_model(CARDS[0].recipe).state_dict()
    name = next(iter(state))
    for wrong, words in (
        (dict(list(state.items())[1:]), f"{name} is missing, the settings say (4, 3, 4, 4)"),
        ({**state, "more": torch.zeros(2)}, "more is (2,), the settings say nothing of it"),
        ({**state, name: torch.zeros(1, 3, 4, 4)}, f"{name} is (1, 3, 4, 4), the settings say (4, 3, 4, 4)"),
        ({}, f"{name} is missing, the settings say (4, 3, 4, 4)"),
    ):
        with pytest.raises(WeightsError) as caught:
            assemble(CARDS[0], wrong, CPU)
        assert words in caught.value.message and caught.value.tip


@pytest.mark.parametrize("kept, lost", [("AtoB", "BtoA"), ("BtoA", "AtoB")])
def test_one_direction_of_two_is_a_model_of_that_direction(kept, lost, tmp_path):
    """As imported ones are: the public CycleGAN code saves each generator in a file of its own."""
    described = CARDS[4]
    state = build_model(described.recipe).state_dict()
    one = {name: part for name, part in state.items() if name.startswith(f"generators.{kept}.")}
    model = assemble(described, one, CPU)
    assert model.directions == [kept] and list(model.state_dict()) == list(one)
    image = torch.rand(3, 8, 8) * 2 - 1
    both = assemble(described, state, CPU)
    assert torch.equal(model.translate(image), both.translate(image, direction=kept))
    with pytest.raises(DataError, match=f"translates {kept} only, not {lost}"):
        model.translate(image, direction=lost)
    model.save(tmp_path / "one.safetensors")
    assert load(tmp_path / "one.safetensors").directions == [kept]


def test_half_a_direction_is_no_direction():
    state = build_model(CARDS[4].recipe).state_dict()
    some = {name: part for name, part in state.items() if name != "generators.BtoA.layers.1.weight"}
    with pytest.raises(WeightsError, match=r"generators\.BtoA\.layers\.1\.weight is missing"):
        assemble(CARDS[4], some, CPU)


@pytest.mark.parametrize(
    "settings", [{"base_channels": 65_537}, {"in_channels": 10**30}, {"blocks": 1001}, {"blocks": 0}]
)
def test_settings_without_measure_are_refused(settings):
    with pytest.raises(ValueError, match=r"less than or equal|greater than or equal"):
        ResNetSettings(**settings)
