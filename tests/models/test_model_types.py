"""What every model says of itself, and how a translator finds its network."""

import pytest
import torch
from torch import nn

from limner.config.networks import ResNetSettings, UNetSettings
from limner.models import ImageGenerator, Model, Translator
from limner.networks import build
from limner.random import Draw


def test_a_translator_of_two_directions() -> None:
    settings = ResNetSettings(blocks=1, base_channels=4, in_channels=2, out_channels=2)
    there, back = build(settings), build(settings)
    model = Translator({"BtoA": back, "AtoB": there}, settings, channels=2)
    assert model.task == "translate"
    assert model.directions == ("BtoA", "AtoB") and model.generator is back
    assert (model.network_count, model.title, model.channels) == (2, "ResNet", 2)
    assert (model.sizes.multiple, model.sizes.least) == (settings.multiple, settings.least)
    image = torch.rand(1, 2, 16, 16) * 2 - 1
    assert torch.equal(model.translate(image), back(image))
    assert torch.equal(model.translate(image, "AtoB"), there(image))
    assert torch.equal(model.translate(image, "BtoA"), back(image))
    assert {name.split(".")[1] for name in model.state_dict()} == {"AtoB", "BtoA"}


def test_a_network_of_one_s_own_demands_no_size_and_is_named_after_its_class() -> None:
    model = Translator({"AtoB": nn.Conv2d(3, 3, 1)})
    assert (model.sizes.multiple, model.sizes.least, model.network_count, model.channels) == (1, 1, 1, 3)
    assert model.title == "Conv2d"


def test_a_network_is_named_by_its_settings() -> None:
    settings = UNetSettings(levels=2, base_channels=4)
    assert Translator({"AtoB": build(settings)}, settings).title == "U-Net"


def test_an_image_generator_says_how_it_generates() -> None:
    class Painter(ImageGenerator):
        pass

    model = Painter(["cat", "dog"])
    assert isinstance(model, Model) and model.task == "generate"
    assert (model.classes, model.title, model.network_count) == (("cat", "dog"), "Painter", 1)
    assert ImageGenerator().classes == ()
    assert model.reconstruct(torch.zeros(1, 3, 4, 4), None) is None
    with pytest.raises(NotImplementedError, match="Painter does not say how"):
        model.generate(1, None, Draw(0, torch.device("cpu")))
