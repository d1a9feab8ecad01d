"""Import of public ResNet weights (CycleGAN, CUT), against a generator of the same layout written for this test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import limner
from limner.errors import WeightsError
from limner.models.model_file import save_model_file
from limner.networks import ResNetGenerator
from limner.weights.public import read_public


class Blur(nn.Module):
    """CUT's change of size: each output pixel is a weighted sum over the kernel's places; weights in `filt`."""

    def __init__(self, channels: int, line: list[float], total: float) -> None:
        super().__init__()
        kernel = torch.outer(torch.tensor(line), torch.tensor(line))
        self.register_buffer("filt", (kernel / kernel.sum() * total).repeat(channels, 1, 1, 1))

    def summed(self, padded: Tensor, high: int, wide: int, step: int) -> Tensor:
        size = self.filt.shape[-1]
        total = torch.zeros(*padded.shape[:2], high, wide)
        for row in range(size):
            for column in range(size):
                window = padded[..., row : row + step * high : step, column : column + step * wide : step]
                total += window * self.filt[:, 0, row, column, None, None]
        return total


class Halved(Blur):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, [1.0, 2.0, 1.0], 1.0)

    def forward(self, features: Tensor) -> Tensor:
        high, wide = features.shape[-2] // 2, features.shape[-1] // 2
        return self.summed(nn.functional.pad(features, (1, 1, 1, 1), mode="reflect"), high, wide, 2)


class Doubled(Blur):
    """The border repeated, a zero between any two pixels, then the sums."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, [1.0, 3.0, 3.0, 1.0], 4.0)

    def forward(self, features: Tensor) -> Tensor:
        high, wide = features.shape[-2:]
        bordered = nn.functional.pad(features, (1, 1, 1, 1), mode="replicate")
        spread = torch.zeros(*features.shape[:2], 2 * high + 4, 2 * wide + 4)
        spread[..., ::2, ::2] = bordered
        return self.summed(spread, 2 * high, 2 * wide, 1)


class Block(nn.Module):
    def __init__(self, channels: int, norm: str, dropout: bool) -> None:
        super().__init__()
        halves = [
            [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias="instance" in norm), _norm(norm, channels)]
            for _ in range(2)
        ]
        middle: list[nn.Module] = [nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*halves[0], *middle, *halves[1])

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class PublicResNet(nn.Module):
    def __init__(
        self,
        blocks: int = 6,
        width: int = 2,
        norm: str = "instance",
        blur: bool = False,
        dropout: bool = False,
        seen: int = 3,
        drawn: int = 3,
    ) -> None:
        super().__init__()
        bias = "instance" in norm
        parts: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(seen, width, 7, bias=bias), _norm(norm, width)]
        parts.append(nn.ReLU())
        for many in (2 * width, 4 * width):
            parts += [nn.Conv2d(many // 2, many, 3, 1 if blur else 2, 1, bias=bias), _norm(norm, many), nn.ReLU()]
            parts += [Halved(many)] if blur else []
        parts += [Block(4 * width, norm, dropout) for _ in range(blocks)]
        for few in (2 * width, width):
            if blur:
                parts += [Doubled(2 * few), nn.Conv2d(2 * few, few, 3, 1, 1, bias=bias)]
            else:
                parts += [nn.ConvTranspose2d(2 * few, few, 3, 2, 1, output_padding=1, bias=bias)]
            parts += [_norm(norm, few), nn.ReLU()]
        parts += [nn.ReflectionPad2d(3), nn.Conv2d(width, drawn, 7), nn.Tanh()]
        self.model = nn.Sequential(*parts)

    def forward(self, image: Tensor) -> Tensor:
        drawn: Tensor = self.model(image)
        return drawn


def _norm(norm: str, channels: int) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "none":
        return nn.Identity()
    return nn.InstanceNorm2d(channels, track_running_stats=norm == "old-instance")


def trained(network: nn.Module) -> nn.Module:
    """As if it had learnt: every weight and every running statistic away from where it starts."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point() and not name.endswith("filt"):
            tensor.add_(torch.randn_like(tensor) * 0.2)
    return network


def saved(network: nn.Module, path: Path) -> Path:
    torch.save(network.state_dict(), path)
    return path


def imported(path: Path) -> ResNetGenerator:
    model = read_public(path)
    network = ResNetGenerator(model.generator.model_copy(update={"dropout": 0.0}))
    names = iter(network.state_dict())  # without the layer of dropout the numbers behind it are one less
    network.load_state_dict({next(names): tensor for tensor in model.state.values()})
    return network


def undropped(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


@pytest.mark.parametrize("blur", [False, True])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_same_image(tmp_path: Path, blur: bool, norm: str, dropout: bool, training: bool) -> None:
    theirs = undropped(trained(PublicResNet(3, norm=norm, blur=blur, dropout=dropout))).train(training)
    ours = imported(saved(theirs, tmp_path / "latest_net_G.pth")).train(training)
    image = torch.rand(2, 3, 24, 16) * 2 - 1
    with torch.no_grad():
        expected = theirs(image)
        assert expected.std() > 0.05, "a constant picture would prove nothing"
        torch.testing.assert_close(ours(image), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("blur", [False, True])
def test_same_image_through_the_model_file(tmp_path: Path, blur: bool) -> None:
    theirs = trained(PublicResNet(2, blur=blur))
    model = read_public(saved(theirs, tmp_path / "latest_net_G.pth"))
    save_model_file(tmp_path / "model.safetensors", model.model_state, model.card)
    loaded = limner.load(tmp_path / "model.safetensors", device="cpu")
    assert loaded.card.method == ("cut" if blur else "cyclegan")
    photograph = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 24, 3), np.uint8))
    image = torch.from_numpy(np.asarray(photograph).copy()).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        expected = ((theirs(image)[0] + 1) * 127.5).permute(1, 2, 0).numpy()
    found = np.asarray(loaded.translate(photograph)).astype(float)
    assert np.abs(found - expected).max() < 0.51


def test_a_generator_of_grey_images_translates_grey_images(tmp_path: Path) -> None:
    model = read_public(saved(trained(PublicResNet(1, seen=1, drawn=1)), tmp_path / "G.pth"))
    save_model_file(tmp_path / "model.safetensors", model.model_state, model.card)
    made = limner.load(tmp_path / "model.safetensors", device="cpu").translate(Image.new("RGB", (24, 16), "teal"))
    assert (made.mode, made.size) == ("L", (24, 16))


@pytest.mark.parametrize(("blocks", "blur"), [(9, False), (6, True), (4, True), (1, False)])
def test_settings_are_recognised(tmp_path: Path, blocks: int, blur: bool) -> None:
    model = read_public(saved(PublicResNet(blocks, 4, blur=blur, seen=1, drawn=2), tmp_path / "G.pth"))
    found = model.generator
    assert found.kind == "resnet"
    assert (found.blocks, found.base_channels, found.in_channels, found.out_channels) == (blocks, 4, 1, 2)
    assert (found.norm, found.sampling, found.dropout) == ("instance", "antialiased" if blur else "strided", 0.0)
    recipe = model.card.recipe
    assert (recipe.method, recipe.generator, recipe.data.size) == ("cut" if blur else "cyclegan", found, 256)
    assert (recipe.use.norm, recipe.use.dropout) == ("batch", False)
    assert "G.pth" in model.card.trained_on
    assert any(f"{blocks} blocks, 4 base channels, 1 to 2 channels, instance norm" in note for note in model.notes)


def test_dropout_is_recognised_and_said(tmp_path: Path) -> None:
    model = read_public(saved(PublicResNet(2, norm="batch", dropout=True), tmp_path / "G.pth"))
    assert model.generator.dropout == 0.5
    assert model.card.recipe.use.dropout
    assert any("dropout" in note for note in model.notes)


def test_known_names_of_the_public_files() -> None:
    """Names that people meet in horse2zebra.pth and in CUT's latest_net_G.pth: the layout above is really theirs."""
    with torch.device("meta"):
        cyclegan, cut = PublicResNet(9).state_dict(), PublicResNet(9, blur=True).state_dict()
    for name in ("model.1.weight", "model.10.conv_block.1.weight", "model.18.conv_block.5.bias", "model.26.bias"):
        assert name in cyclegan
    for name in ("model.7.filt", "model.11.filt", "model.21.filt", "model.25.filt", "model.20.conv_block.5.weight"):
        assert name in cut
    assert "model.30.bias" in cut and "model.31.bias" not in cut


def test_full_size_network_has_every_parameter_of_limners(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = PublicResNet(9, width=64)
    # Expanded tensors share one value each, so the file stays small while the shapes are real.
    state = {name: torch.zeros(()).expand(value.shape) for name, value in theirs.state_dict().items()}
    torch.save(state, tmp_path / "G.pth")
    model = read_public(tmp_path / "G.pth")
    assert sum(value.numel() for value in model.state.values()) == 11_378_179


def test_data_parallel_prefix_and_half_precision(tmp_path: Path) -> None:
    theirs = trained(PublicResNet(2, blur=True)).half()
    torch.save({f"module.{name}": value for name, value in theirs.state_dict().items()}, tmp_path / "G.pth")
    ours = imported(tmp_path / "G.pth")
    assert all(value.dtype == torch.float32 for value in ours.parameters())
    assert any("float16" in note for note in read_public(tmp_path / "G.pth").notes)
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs.float()(image), atol=1e-5, rtol=1e-4)


def test_running_statistics_of_old_instance_norm_are_dropped(tmp_path: Path) -> None:
    old = trained(PublicResNet(2, norm="old-instance"))
    new = PublicResNet(2)
    new.load_state_dict({name: value for name, value in old.state_dict().items() if name in new.state_dict()})
    ours = imported(saved(old, tmp_path / "horse2zebra.pth")).eval()
    assert any("running statistics" in note for note in read_public(tmp_path / "horse2zebra.pth").notes)
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(image), new.eval()(image), atol=1e-5, rtol=1e-4)


def test_biases_without_a_norm_become_zeros(tmp_path: Path) -> None:
    model = read_public(saved(trained(PublicResNet(1, norm="none")), tmp_path / "G.pth"))
    assert any("7 biases" in note for note in model.notes)
    assert model.state["layers.1.weight"].any() and not model.state["layers.1.bias"].any()


def test_missing_counters_are_no_fault(tmp_path: Path) -> None:
    state = {n: v for n, v in PublicResNet(1, norm="batch").state_dict().items() if not n.endswith("batches_tracked")}
    torch.save(state, tmp_path / "G.pth")
    assert read_public(tmp_path / "G.pth").state["layers.2.num_batches_tracked"] == 0


def refusal(state: dict[str, Tensor], path: Path) -> WeightsError:
    torch.save(state, path)
    with pytest.raises(WeightsError) as caught:
        read_public(path)
    assert str(path) in caught.value.message
    assert caught.value.tip
    return caught.value


def without(state: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name not in names}


def test_odd_weights_are_named_with_their_shape(tmp_path: Path) -> None:
    state, path = PublicResNet(2).state_dict(), tmp_path / "G.pth"
    wrong = refusal(state | {"model.4.weight": torch.zeros(4, 2, 5, 5)}, path).message
    assert "'model.4.weight' is 4 x 2 x 5 x 5" in wrong and "4 x 2 x 3 x 3" in wrong
    assert "'model.99.weight' (7)" in refusal(state | {"model.99.weight": torch.zeros(7)}, path).message
    more = state | {"model.13.conv_block.1.weight": torch.zeros(8, 8, 3, 3)}
    assert "'model.13.conv_block.1.weight' (8 x 8 x 3 x 3)" in refusal(more, path).message
    for name in ("model.1.weight", "model.7.bias", "model.11.conv_block.5.weight", "model.12.bias", "model.19.weight"):
        assert f"lacks '{name}'" in refusal(without(state, name), path).message
    assert "'model.1.weight' is 5" in refusal(state | {"model.1.weight": torch.zeros(5)}, path).message
    no_blocks = {name: value for name, value in state.items() if "conv_block" not in name}
    assert "lacks 'model.10.conv_block.1.weight'" in refusal(no_blocks, path).message
    batch = PublicResNet(2, norm="batch").state_dict()
    assert "lacks 'model.5.running_var'" in refusal(without(batch, "model.5.running_var"), path).message


@pytest.mark.parametrize(("missing", "kept"), [("model.7.filt", "up"), ("model.14.filt", "down")])
def test_blur_at_only_some_changes_of_size_is_refused(tmp_path: Path, missing: str, kept: str) -> None:
    """CUT's --no_antialias and --no_antialias_up, one without the other."""
    plain = PublicResNet(2).model
    blurred = PublicResNet(2, blur=True).model
    down, up = (blurred[:12], plain[12:]) if kept == "down" else (plain[:10], blurred[14:])
    mixed = nn.Module()
    mixed.model = nn.Sequential(*down, *(Block(8, "instance", False) for _ in range(2)), *up)
    message = refusal(mixed.state_dict(), tmp_path / "G.pth").message
    assert f"lacks '{missing}'" in message


def test_another_blur_is_refused(tmp_path: Path) -> None:
    state = PublicResNet(1, blur=True).state_dict()
    flat = state | {"model.7.filt": torch.full((4, 1, 3, 3), 1 / 9)}
    assert "'model.7.filt' is not the blur" in refusal(flat, tmp_path / "G.pth").message
    larger = state | {"model.7.filt": torch.full((4, 1, 5, 5), 1 / 25)}
    assert "'model.7.filt' is 4 x 1 x 5 x 5" in refusal(larger, tmp_path / "G.pth").message


def test_affine_instance_norm_is_refused(tmp_path: Path) -> None:
    state = {n: v for n, v in PublicResNet(1, norm="batch").state_dict().items() if "running" not in n}
    assert "('model.2.weight', 2)" in refusal(state, tmp_path / "G.pth").message


def test_diverged_weights_are_refused(tmp_path: Path) -> None:
    state = PublicResNet(1).state_dict()
    state["model.10.conv_block.5.weight"][0, 0, 0, 0] = float("inf")
    message = refusal(state, tmp_path / "G.pth").message
    assert "'model.10.conv_block.5.weight'" in message and "NaN" in message
