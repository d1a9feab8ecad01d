"""How a model is run: norm statistics, dropout, precision; and that it is afterwards as it was."""

import pytest
import torch
from torch import nn

from limner.config.data import UseSettings
from limner.data.batch import to_range
from limner.methods.image_pool import ImagePool
from limner.models.running import dropout_noise, has_dropout, noise_seed, running, unchanged_buffers
from limner.networks import UNet
from limner.random import Draw

CPU = torch.device("cpu")
QUIET = UseSettings(norm="batch", dropout=False)


class Counting(nn.Module):
    """Counts its calls in a buffer, in place or by a new one, and adds the count to what it is given."""

    def __init__(self, in_place: bool) -> None:
        super().__init__()
        self.in_place = in_place
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("count", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.in_place:
            self.count += 1
        else:
            self.count = self.count + 1
        return images * self.scale + self.count


def values(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.named_buffers()}


def assert_unchanged(module: nn.Module, before: dict[str, torch.Tensor]) -> None:
    assert list(before) == [name for name, _ in module.named_buffers()]
    for name, value in module.named_buffers():
        assert torch.equal(value, before[name]), name


def images(count: int = 1, size: int = 16, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("norm", ["batch", "running"])
def test_every_mode_is_restored_whatever_happens(norm: str) -> None:
    network = UNet(levels=3, base_channels=4).train()
    network.encoder[1].eval()
    before = {name: module.training for name, module in network.named_modules()}
    with pytest.raises(KeyError), running(network, UseSettings(norm=norm), seed=1):
        assert not network.training
        raise KeyError
    assert {name: module.training for name, module in network.named_modules()} == before
    assert not any(module._forward_hooks for module in network.modules()), "nothing drops on its own afterwards"


def test_norm_statistics_are_those_of_the_images_at_hand() -> None:
    network = UNet(levels=3, base_channels=4, dropout=0.0)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-1, 1)
    before = values(network)
    with running(network, UseSettings(norm="batch", dropout=False)):
        made = network(images(2))
    assert_unchanged(network, before)
    with torch.no_grad():
        torch.testing.assert_close(made, network.train()(images(2)))
    assert not torch.equal(network.get_buffer("encoder.1.2.running_mean"), before["encoder.1.2.running_mean"])


def test_norm_statistics_are_the_running_ones() -> None:
    network = UNet(levels=3, base_channels=4, dropout=0.0)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-1, 1)
    before = values(network)
    with running(network, UseSettings(norm="running", dropout=False)):
        made = network(images(2))
    assert_unchanged(network, before)
    with torch.no_grad():
        torch.testing.assert_close(made, network.eval()(images(2)))
        assert not torch.allclose(made, network.train()(images(2)))


@pytest.mark.parametrize("in_place", [True, False])
def test_a_counter_is_put_back(in_place: bool) -> None:
    module = Counting(in_place)
    buffer = module.count
    for _ in range(2):
        with running(module, QUIET):
            assert float(module(torch.zeros(1))) == 1
            assert float(module(torch.zeros(1))) == 2
        assert module.count is buffer and float(module.count) == 0


@pytest.mark.parametrize("in_place", [True, False])
def test_a_counter_is_put_back_in_inference_mode(in_place: bool) -> None:
    module = Counting(in_place)
    with running(module, QUIET), torch.inference_mode():
        module(torch.zeros(1))
    module(torch.zeros(1)).sum().backward()
    assert float(module.count) == 1


def test_a_spectral_norm_is_put_back() -> None:
    """Its u takes a step of the power iteration at each call in training."""
    network = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))).train()
    before = values(network)
    with running(network, QUIET):
        network(images())
    assert_unchanged(network, before)
    with unchanged_buffers(network):
        network(images())
        assert any(not torch.equal(value, before[name]) for name, value in network.named_buffers())
    assert_unchanged(network, before)


def test_an_image_pool_is_put_back() -> None:
    pool = ImagePool(3, 16).train()
    pool(images(2), Draw(0, CPU))
    before = values(pool)
    with pytest.raises(KeyError), unchanged_buffers(pool):
        pool(images(3, seed=1), Draw(1, CPU))
        assert int(pool.count) == 3
        raise KeyError
    assert_unchanged(pool, before)
    assert int(pool.count) == 2


def test_it_is_float32_without_gradients_wherever_it_stands() -> None:
    network = UNet(levels=2, base_channels=4, dropout=0.0)
    with running(network, QUIET):
        expected = network(images())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network(images()).dtype == torch.bfloat16
        with running(network, QUIET):
            made = network(images())
    assert made.dtype == torch.float32 and torch.equal(made, expected)
    assert not made.requires_grad


def test_dropout_is_on_only_with_a_seed_and_where_the_recipe_says_so() -> None:
    network = UNet(levels=3, base_channels=4, dropout=0.5)

    def run(dropout: bool, seed: int | None) -> torch.Tensor:
        with running(network, UseSettings(dropout=dropout), seed):
            made: torch.Tensor = network(images())
        return made

    assert torch.equal(run(True, None), run(False, 1))
    assert not torch.equal(run(True, 1), run(True, None))
    assert torch.equal(run(True, 1), run(True, 1)) and not torch.equal(run(True, 1), run(True, 2))


def test_dropout_leaves_the_default_generator_alone() -> None:
    network = UNet(levels=3, base_channels=4, dropout=0.5)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with running(network, UseSettings(norm="batch", dropout=True), seed=1):
        network(images())
    assert torch.equal(torch.rand(3), expected)


def test_the_seed_of_dropout_follows_what_the_image_shows() -> None:
    image = images()[0]
    seeds = {
        noise_seed(image, 7),
        noise_seed(image, 7, 1),
        noise_seed(image, 8),
        noise_seed(images(seed=1)[0], 7),
        noise_seed(torch.zeros(3, 8, 2), 7),
        noise_seed(torch.zeros(3, 2, 8), 7),
    }
    assert len(seeds) == 6
    whole = to_range(image.add(1).mul(127.5).round().to(torch.uint8))
    assert (
        noise_seed(image, 7)
        == noise_seed(whole, 7)
        == noise_seed(whole.permute(1, 2, 0).contiguous().permute(2, 0, 1), 7)
    )


def test_dropout_has_the_strength_of_training() -> None:
    """A quarter of the values vanish and the others grow, as torch's own dropout does."""
    layer = nn.Sequential(nn.Dropout(0.25)).eval()
    with dropout_noise(layer, seed=1):
        dropped = layer(torch.ones(1, 8, 64, 64))
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(layer(torch.ones(2)), torch.ones(2))
    with dropout_noise(layer, seed=None):
        assert torch.equal(layer(torch.ones(2)), torch.ones(2))


def test_what_can_drop() -> None:
    assert has_dropout(nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.1)))
    assert not has_dropout(nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0)))
    assert not has_dropout(nn.Linear(1, 1))
