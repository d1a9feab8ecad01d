"""Import of public pix2pix weights, against a generator of the same layout written for this test."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from limner.errors import WeightsError
from limner.networks import UNet
from limner.weights.public import read_public


class NestedLevel(nn.Module):
    """One level with the levels inside it, numbered as the public code numbers them."""

    def __init__(self, outer: int, inner: int, inside: nn.Module | None, norm: str, seen: int, outermost: bool) -> None:
        super().__init__()
        bias = norm == "instance"
        self.outermost = outermost
        down = nn.Conv2d(seen, inner, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(inner if inside is None else 2 * inner, outer, 4, 2, 1, bias=bias or outermost)
        parts: list[nn.Module]
        if outermost:
            assert inside is not None
            parts = [down, inside, nn.ReLU(), up, nn.Tanh()]
        elif inside is None:
            parts = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, _norm(norm, outer)]
        else:
            parts = [nn.LeakyReLU(0.2), down, _norm(norm, inner), inside, nn.ReLU(), up, _norm(norm, outer)]
        self.model = nn.Sequential(*parts)

    def forward(self, image: Tensor) -> Tensor:
        drawn: Tensor = self.model(image)
        return drawn if self.outermost else torch.cat([image, drawn], dim=1)


class NestedUNet(nn.Module):
    def __init__(self, levels: int, width: int = 2, norm: str = "batch", seen: int = 3, drawn: int = 3) -> None:
        super().__init__()
        channels = [width * min(2**level, 8) for level in range(levels)]
        inside: nn.Module | None = None
        for level in range(levels - 1, 0, -1):
            inside = NestedLevel(channels[level - 1], channels[level], inside, norm, channels[level - 1], False)
        self.model = NestedLevel(drawn, channels[0], inside, norm, seen, True)

    def forward(self, image: Tensor) -> Tensor:
        drawn: Tensor = self.model(image)
        return drawn


def _norm(norm: str, channels: int) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return (
        nn.InstanceNorm2d(channels, track_running_stats=norm == "old-instance") if "instance" in norm else nn.Identity()
    )


def trained(network: nn.Module) -> nn.Module:
    """As if it had learnt: every weight and every running statistic away from where it starts."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.add_(torch.randn_like(tensor) * 0.2)
    return network


def saved(network: nn.Module, path: Path) -> Path:
    torch.save(network.state_dict(), path)
    return path


def imported(path: Path) -> UNet:
    model = read_public(path)
    network = UNet(model.generator.model_copy(update={"dropout": 0.0}))
    network.load_state_dict(model.state)
    return network


@pytest.mark.parametrize("levels", [7, 8])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("training", [True, False])
def test_same_image(tmp_path: Path, levels: int, norm: str, training: bool) -> None:
    theirs = trained(NestedUNet(levels, norm=norm)).train(training)
    ours = imported(saved(theirs, tmp_path / "latest_net_G.pth")).train(training)
    image = torch.rand(2, 3, 2**levels, 2**levels) * 2 - 1
    with torch.no_grad():
        expected = theirs(image)
        assert expected.std() > 0.05, "a constant picture would prove nothing"
        torch.testing.assert_close(ours(image), expected, atol=1e-5, rtol=1e-4)


def test_settings_are_recognised(tmp_path: Path) -> None:
    model = read_public(saved(NestedUNet(8, width=4, seen=1, drawn=2), tmp_path / "G.pth"))
    found = model.generator
    assert (found.levels, found.base_channels, found.norm) == (8, 4, "batch")
    assert (found.in_channels, found.out_channels) == (1, 2)
    assert found.dropout_blocks == [2, 3, 4]
    recipe = model.card.recipe
    assert (recipe.method, recipe.generator, recipe.data.size) == ("pix2pix", found, 256)
    assert (recipe.use.norm, recipe.use.dropout) == ("batch", True)
    assert "G.pth" in model.card.trained_on


@pytest.mark.parametrize(("levels", "blocks"), [(5, []), (6, [2]), (7, [2, 3])])
def test_dropout_blocks_follow_the_depth(tmp_path: Path, levels: int, blocks: list[int]) -> None:
    found = read_public(saved(NestedUNet(levels), tmp_path / "G.pth")).generator
    assert found.dropout_blocks == blocks


def test_full_size_network_has_every_parameter_of_limners(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = NestedUNet(8, width=64)
    # Expanded tensors share one value each, so the file stays small while the shapes are real.
    state = {name: torch.zeros(()).expand(value.shape) for name, value in theirs.state_dict().items()}
    torch.save(state, tmp_path / "G.pth")
    model = read_public(tmp_path / "G.pth")
    assert sum(value.numel() for name, value in model.state.items() if name.endswith(("weight", "bias"))) == 54_414_531


def test_missing_encoder_biases_become_zeros(tmp_path: Path) -> None:
    model = read_public(saved(trained(NestedUNet(7)), tmp_path / "G.pth"))
    assert not model.state["encoder.0.0.bias"].any()
    assert not model.state["encoder.6.1.bias"].any()
    assert model.state["decoder.6.1.bias"].any()
    assert any("2 biases" in note for note in model.notes)


def test_data_parallel_prefix_and_half_precision(tmp_path: Path) -> None:
    theirs = trained(NestedUNet(7)).half()
    torch.save({f"module.{name}": value for name, value in theirs.state_dict().items()}, tmp_path / "G.pth")
    ours = imported(tmp_path / "G.pth").train()
    image = torch.rand(1, 3, 128, 128) * 2 - 1
    assert all(value.dtype == torch.float32 for value in ours.parameters())
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs.float().train()(image), atol=1e-5, rtol=1e-4)


def test_running_statistics_of_old_instance_norm_are_dropped(tmp_path: Path) -> None:
    old = trained(NestedUNet(7, norm="old-instance")).state_dict()
    new = NestedUNet(7, norm="instance")
    new.load_state_dict({name: old.get(name, value) for name, value in new.state_dict().items()})
    # The oldest files: instance norm with statistics, and a bias on every convolution.
    torch.save(old | new.state_dict(), tmp_path / "G.pth")
    ours = imported(tmp_path / "G.pth").eval()
    image = torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(image), new.eval()(image), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_biases_before_batch_norm_are_folded(tmp_path: Path, training: bool) -> None:
    theirs = NestedUNet(7)
    for parent in list(theirs.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.Conv2d):
                setattr(parent, name, nn.Conv2d(module.in_channels, module.out_channels, 4, 2, 1))
            elif isinstance(module, nn.ConvTranspose2d):
                setattr(parent, name, nn.ConvTranspose2d(module.in_channels, module.out_channels, 4, 2, 1))
    trained(theirs).train(training)
    ours = imported(saved(theirs, tmp_path / "G.pth")).train(training)
    image = torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image), atol=1e-5, rtol=1e-4)


def test_missing_counters_are_no_fault(tmp_path: Path) -> None:
    state = {n: v for n, v in NestedUNet(7).state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "G.pth")
    assert read_public(tmp_path / "G.pth").state["encoder.1.2.num_batches_tracked"] == 0


def refusal(state: dict[str, Tensor], path: Path) -> WeightsError:
    torch.save(state, path)
    with pytest.raises(WeightsError) as caught:
        read_public(path)
    assert str(path) in caught.value.message
    assert caught.value.tip
    return caught.value


def test_other_networks_are_named(tmp_path: Path) -> None:
    strange = refusal({"encoder.weight": torch.zeros(64, 3, 7, 7), "last": torch.zeros(1)}, tmp_path / "G.pth")
    assert "'encoder.weight' (64 x 3 x 7 x 7)" in strange.message
    assert "unet_256" in strange.tip and "resnet_9blocks" in strange.tip
    assert "discriminator" in refusal({"model.0.weight": torch.zeros(64, 6, 4, 4)}, tmp_path / "D.pth").message
    assert "discriminator" in refusal({"net.0.weight": torch.zeros(64, 6, 1, 1)}, tmp_path / "D.pth").message
    assert "patch heads" in refusal({"mlp_0.0.weight": torch.zeros(256, 3)}, tmp_path / "F.pth").message


def test_odd_weights_are_named_with_their_shape(tmp_path: Path) -> None:
    inside = "model.model.1.model"
    state = NestedUNet(7).state_dict()
    wrong = state | {f"{inside}.1.weight": torch.zeros(4, 2, 3, 3)}
    assert f"'{inside}.1.weight' is 4 x 2 x 3 x 3" in refusal(wrong, tmp_path / "G.pth").message
    assert "4 x 2 x 4 x 4" in refusal(wrong, tmp_path / "G.pth").message
    more = state | {f"{inside}.9.weight": torch.zeros(7)}
    assert f"'{inside}.9.weight' (7)" in refusal(more, tmp_path / "G.pth").message
    less = {name: value for name, value in state.items() if name != f"{inside}.6.running_var"}
    assert f"lacks '{inside}.6.running_var'" in refusal(less, tmp_path / "G.pth").message
    shallow = {"model.model.0.weight": state["model.model.0.weight"]}
    assert "lacks 'model.model.3.weight'" in refusal(shallow, tmp_path / "G.pth").message
    flat = state | {"model.model.0.weight": torch.zeros(5)}
    assert "'model.model.0.weight' is 5" in refusal(flat, tmp_path / "G.pth").message


def test_affine_instance_norm_is_refused(tmp_path: Path) -> None:
    state = {name: value for name, value in NestedUNet(7).state_dict().items() if "running" not in name}
    assert "'model.model.1.model.2.weight'" in refusal(state, tmp_path / "G.pth").message


def test_diverged_weights_are_refused(tmp_path: Path) -> None:
    state = NestedUNet(7).state_dict()
    state["model.model.0.weight"][0, 0, 0, 0] = float("nan")
    assert "NaN" in refusal(state, tmp_path / "G.pth").message


def test_absurd_depth_is_refused(tmp_path: Path) -> None:
    state = {"model.model.0.weight": torch.zeros(1, 1, 4, 4), "model.model.3.weight": torch.zeros(2, 1, 4, 4)}
    for level in range(20):
        state["model.model.1.model" + ".3.model" * level + ".5.weight"] = torch.zeros(1)
    assert "levels is 22" in refusal(state, tmp_path / "G.pth").message
