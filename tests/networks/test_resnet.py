"""The ResNet is that of CycleGAN and CUT: its size, its paddings, its blur, the maps that CUT compares."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.networks import ResNetGenerator

SAMPLINGS = ("strided", "antialiased", "bilinear", "nearest")


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_default_has_the_parameters_of_the_public_code(sampling: str) -> None:
    with torch.device("meta"):
        assert count(ResNetGenerator(sampling=sampling)) == 11_378_179  # type: ignore[arg-type]
        assert count(ResNetGenerator(blocks=6, sampling=sampling)) == 7_837_699  # type: ignore[arg-type]


@pytest.mark.parametrize(("norm", "everywhere"), [("instance", True), ("none", True), ("batch", False)])
def test_biases(norm: str, everywhere: bool) -> None:
    network = ResNetGenerator(blocks=2, base_channels=4, norm=norm)  # type: ignore[arg-type]
    biases = [m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert biases == [everywhere] * (len(biases) - 1) + [True]
    assert len(biases) == 1 + 2 + 4 + 2 + 1


def reflected(image: Tensor, margin: int) -> Tensor:
    """Reflection without the border pixel, by counting: -1 shows pixel 1, H shows pixel H - 2."""
    for dim in (-2, -1):
        length = image.shape[dim]
        places = [abs(place) for place in range(-margin, length + margin)]
        places = [place if place < length else 2 * length - 2 - place for place in places]
        image = image.index_select(dim, torch.tensor(places))
    return image


def normalised(features: Tensor) -> Tensor:
    variance, mean = torch.var_mean(features, dim=(2, 3), correction=0, keepdim=True)
    return (features - mean) / (variance + 1e-5).sqrt()


def blurred_half(features: Tensor) -> Tensor:
    """Sum over the nine neighbours, one by one."""
    padded = reflected(features, 1)
    high, wide = features.shape[-2:]
    total = torch.zeros_like(features)
    for row, down in enumerate((1, 2, 1)):
        for column, across in enumerate((1, 2, 1)):
            total += down * across / 16 * padded[..., row : row + high, column : column + wide]
    return total[..., ::2, ::2]


def bilinear_double(features: Tensor) -> Tensor:
    """Each new pixel is three quarters of the nearest and a quarter of the next nearest pixel, along both sides."""
    for _ in range(2):
        before = torch.cat([features[..., :1], features[..., :-1]], -1)
        after = torch.cat([features[..., 1:], features[..., -1:]], -1)
        pairs = [0.75 * features + 0.25 * other for other in (before, after)]
        features = torch.stack(pairs, -1).flatten(-2).transpose(-1, -2)
    return features


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_matches_a_plain_formula(sampling: str) -> None:
    """Written out by hand, from the description in the appendices; two blocks."""
    torch.manual_seed(0)
    network = ResNetGenerator(blocks=2, base_channels=2, sampling=sampling).double()  # type: ignore[arg-type]
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    for layer in layers:
        assert layer.bias is not None
        nn.init.normal_(layer.bias, 0.0, 0.5)
    weights = iter(layers)

    def convolved(features: Tensor, **how: int) -> Tensor:
        layer = next(weights)
        apply = functional.conv_transpose2d if isinstance(layer, nn.ConvTranspose2d) else functional.conv2d
        return apply(features, layer.weight, layer.bias, **how)  # type: ignore[operator]

    image = torch.rand(1, 3, 16, 12, dtype=torch.float64) * 2 - 1
    features = normalised(convolved(reflected(image, 3))).relu()
    for _ in range(2):
        if sampling == "antialiased":
            features = blurred_half(normalised(convolved(features, padding=1)).relu())
        else:
            features = normalised(convolved(features, padding=1, stride=2)).relu()
    for _ in range(2):
        inner = normalised(convolved(reflected(features, 1))).relu()
        features = features + normalised(convolved(reflected(inner, 1)))
    for _ in range(2):
        if sampling == "strided":
            features = convolved(features, stride=2, padding=1, output_padding=1)
        elif sampling == "antialiased":
            features = convolved(bilinear_double(features), padding=1)
        elif sampling == "bilinear":
            features = convolved(reflected(bilinear_double(features), 1))
        else:
            features = convolved(reflected(features.repeat_interleave(2, 2).repeat_interleave(2, 3), 1))
        features = normalised(features).relu()
    expected = convolved(reflected(features, 3)).tanh()
    torch.testing.assert_close(network(image), expected)


def test_dropout_lies_between_the_convolutions_of_a_block() -> None:
    network = ResNetGenerator(blocks=3, base_channels=4, dropout=0.5)
    kinds = [type(m).__name__ for m in network.modules() if not list(m.children())]
    block = ["Conv2d", "InstanceNorm2d", "ReLU", "Dropout", "Conv2d", "InstanceNorm2d"]
    assert kinds.count("Dropout") == 3
    assert block * 3 == kinds[10:28]


def by_hooks(network: ResNetGenerator, image: Tensor, blocks: list[int]) -> list[Tensor]:
    """The same maps, seen from outside while the whole network runs."""
    found: dict[int, Tensor] = {}
    convolutions = [m for m in network.layers if isinstance(m, nn.Conv2d)]
    watched = [network.layers[0], *convolutions[1:3]]
    watched += [[m for m in network.layers if type(m).__name__ == "_Block"][block - 1] for block in blocks]
    hooks = [
        module.register_forward_hook(lambda m, i, output, n=number: found.__setitem__(n, output.clone()))
        for number, module in enumerate(watched)
    ]
    network(image)
    for hook in hooks:
        hook.remove()
    return [found[number] for number in range(len(watched))]


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize(("blocks", "taken"), [(6, [1, 5]), (5, [1, 5]), (2, [1, 2]), (1, [1])])
def test_features_are_what_the_network_computes(sampling: str, norm: str, blocks: int, taken: list[int]) -> None:
    torch.manual_seed(0)
    network = ResNetGenerator(blocks=blocks, base_channels=2, sampling=sampling, norm=norm)  # type: ignore[arg-type]
    image = torch.rand(2, 3, 16, 12)
    given = image.clone()
    features = network.features(image)
    assert torch.equal(image, given)
    assert [f.shape[1] for f in features] == network.feature_channels
    half = (16, 12) if sampling == "antialiased" else (8, 6)
    quarter = tuple(side // 2 for side in half)
    sides = [(22, 18), half, quarter, *[(4, 3)] * len(taken)]
    assert [tuple(f.shape[2:]) for f in features] == sides
    for found, expected in zip(features, by_hooks(network, image, taken), strict=True):
        torch.testing.assert_close(found, expected)


def test_features_stop_behind_the_last_one_needed() -> None:
    network = ResNetGenerator(blocks=7, base_channels=2)
    behind = network.layers[10 + 5 :]
    assert len([m for m in behind if type(m).__name__ == "_Block"]) == 2
    for module in behind:
        module.register_forward_hook(lambda *_: pytest.fail("computed for nothing"))
    assert len(network.features(torch.rand(1, 3, 8, 8))) == 5


def test_gradients_of_all_features_flow_together() -> None:
    """An operation in place on one of them would be refused here."""
    for norm in ("instance", "none"):
        network = ResNetGenerator(blocks=5, base_channels=2, norm=norm)  # type: ignore[arg-type]
        image = torch.rand(1, 3, 16, 16, requires_grad=True)
        sum(f.square().sum() for f in network.features(image)).backward()  # type: ignore[union-attr]
        assert image.grad is not None


def test_nothing_but_weights_is_saved() -> None:
    state = ResNetGenerator(blocks=1, base_channels=2, sampling="antialiased").state_dict()
    assert {name.rpartition(".")[2] for name in state} == {"weight", "bias"}
