"""What every generator promises, whatever it is made of."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from limner.config.networks import GeneratorSettings, OriginalUNetSettings, ResNetSettings, UNetSettings
from limner.networks import build

SAMPLINGS = ("strided", "antialiased", "bilinear", "nearest")
NORMS = ("batch", "instance", "none")

GENERATORS: list[GeneratorSettings] = [
    *(UNetSettings(levels=3, base_channels=4, norm=norm, dropout=0.0) for norm in NORMS),  # type: ignore[arg-type]
    *(ResNetSettings(blocks=2, base_channels=4, sampling=sampling) for sampling in SAMPLINGS),  # type: ignore[arg-type]
    *(ResNetSettings(blocks=1, base_channels=4, norm=norm) for norm in ("batch", "none")),  # type: ignore[arg-type]
    *(OriginalUNetSettings(levels=2, base_channels=4, up=up) for up in ("bilinear", "nearest", "transposed")),  # type: ignore[arg-type]
    *(OriginalUNetSettings(levels=2, base_channels=4, norm=norm) for norm in ("batch", "none")),  # type: ignore[arg-type]
]


def name(settings: GeneratorSettings) -> str:
    return "-".join([settings.kind, settings.norm, *(str(getattr(settings, key, "")) for key in ("sampling", "up"))])


each = pytest.mark.parametrize("settings", GENERATORS, ids=name)


def noise(settings: GeneratorSettings, high: int, wide: int, count: int = 2) -> Tensor:
    """Pictures whose sides are multiples of what the generator needs."""
    multiple = settings.multiple
    return torch.rand(count, settings.in_channels, high * multiple, wide * multiple) * 2 - 1


@each
def test_the_image_keeps_its_size_and_range(settings: GeneratorSettings) -> None:
    torch.manual_seed(0)
    network = build(settings)
    for parameter in network.parameters():
        parameter.data.mul_(20)  # far from the linear part of tanh
    for high, wide in ((2, 3), (5, 2), (4, 4)):
        image = noise(settings, high, wide)
        with torch.no_grad():
            drawn = network(image)
        assert drawn.shape == image.shape
        assert drawn.abs().max() <= 1
        assert drawn.abs().max() > 0.5


@each
def test_channels_are_settable(settings: GeneratorSettings) -> None:
    other = settings.model_copy(update={"in_channels": 1, "out_channels": 5})
    with torch.no_grad():
        assert build(other)(noise(other, 2, 2)).shape[1] == 5


@each
def test_gradients_reach_every_parameter(settings: GeneratorSettings) -> None:
    torch.manual_seed(0)
    network = build(settings)
    image = noise(settings, 4, 4).requires_grad_()
    (network(image) * torch.randn(image.shape)).sum().backward()
    assert image.grad is not None and bool((image.grad != 0).any())
    for label, parameter in network.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.isfinite().all(), label
        if label.endswith("weight"):
            assert bool((parameter.grad != 0).any()), label


@each
def test_bfloat16_is_finite_and_close(settings: GeneratorSettings) -> None:
    torch.manual_seed(0)
    network = build(settings)
    image = noise(settings, 4, 4)
    expected = network(image).detach()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        drawn = network(image)
    drawn.float().square().mean().backward()
    assert drawn.isfinite().all()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())
    assert float((drawn.detach().float() - expected).abs().max()) < 0.1 * float(expected.abs().max()) + 1e-3


@pytest.mark.parametrize("settings", [settings for settings in GENERATORS if settings.norm != "batch"], ids=name)
def test_images_of_a_batch_are_apart_without_batch_norm(settings: GeneratorSettings) -> None:
    network = build(settings)
    images = noise(settings, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(network(images)[1:], network(images[1:]))


@each
def test_settings_build_the_network_again(settings: GeneratorSettings) -> None:
    again = type(settings).model_validate(settings.model_dump())
    first, second = build(settings), build(again)
    second.load_state_dict(first.state_dict())
    first.eval(), second.eval()
    image = noise(settings, 2, 2)
    with torch.no_grad():
        torch.testing.assert_close(first(image), second(image))


@each
def test_instance_norm_has_neither_scale_nor_shift(settings: GeneratorSettings) -> None:
    layers = [module for module in build(settings).modules() if isinstance(module, nn.InstanceNorm2d)]
    assert bool(layers) == (settings.norm == "instance")
    assert all(not list(layer.parameters()) and not list(layer.buffers()) for layer in layers)
