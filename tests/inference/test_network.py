"""A network is built only when the weights fit it."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from limner.config.data import UseSettings
from limner.config.networks import OriginalUNetSettings, ResNetSettings, UNetSettings
from limner.errors import WeightsError
from limner.inference.network import network_of
from limner.networks import build
from limner.weights.model_file import ModelCard, read_model_file, save_model_file

CPU = torch.device("cpu")
NETWORKS = [
    UNetSettings(levels=3, base_channels=4),
    ResNetSettings(blocks=2, base_channels=4, sampling="antialiased", norm="batch"),
    ResNetSettings(blocks=1, base_channels=4, sampling="nearest", norm="none"),
    OriginalUNetSettings(levels=2, base_channels=4, norm="batch"),
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


@pytest.mark.parametrize("settings", NETWORKS, ids=str)
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_every_weight_is_that_of_the_file(settings, kind, tmp_path):
    state = build(settings).state_dict()
    stored = {name: part.to(kind) if part.is_floating_point() else part for name, part in state.items()}
    save_model_file(tmp_path / "model.safetensors", stored, ModelCard(generator=settings, use=UseSettings()))
    card, read = read_model_file(tmp_path / "model.safetensors")
    network = network_of(card, read, CPU)
    expected = build(settings)
    expected.load_state_dict(stored)
    for found, wanted in ((network.state_dict(), expected.state_dict()), (*map(all_buffers, (network, expected)),)):
        assert list(found) == list(wanted)
        for name, part in wanted.items():
            assert (found[name].dtype, found[name].device) == (part.dtype, CPU) and torch.equal(found[name], part)


def all_buffers(network):
    """Those that are in no state too, such as the kernel that blurs."""
    return dict(network.named_buffers())


@pytest.mark.parametrize(
    "settings",
    [
        UNetSettings(levels=8, base_channels=65_536),
        OriginalUNetSettings(levels=8, base_channels=65_536, in_channels=65_536),
        ResNetSettings(blocks=200, base_channels=60_000),
        ResNetSettings(sampling="antialiased", base_channels=60_000, norm="batch"),
    ],
    ids=lambda settings: settings.kind,
)
def test_a_small_file_that_describes_a_huge_network_takes_no_memory(settings, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model_file(path, {"x": torch.zeros(1)}, ModelCard(generator=settings))
    assert path.stat().st_size < 2000
    card, state = read_model_file(path)
    with Operations() as done, pytest.raises(WeightsError, match=r"do not belong .* is missing, the settings say \("):
        network_of(card, state, CPU)
    assert done.largest < 10_000_000
    slow = {"normal_", "outer", "repeat"} & done.on_meta
    assert not slow, "on the meta device they first import torch's compiler, which takes seconds"


def test_a_missing_an_unknown_and_a_misshapen_weight_are_named():
    settings = NETWORKS[0]
    card, state = ModelCard(generator=settings), build(settings).state_dict()
    name = next(iter(state))
    for wrong, words in (
        (dict(list(state.items())[1:]), f"{name} is missing, the settings say (4, 3, 4, 4)"),
        ({**state, "more": torch.zeros(2)}, "more is (2,), the settings say nothing of it"),
        ({**state, name: torch.zeros(1, 3, 4, 4)}, f"{name} is (1, 3, 4, 4), the settings say (4, 3, 4, 4)"),
    ):
        with pytest.raises(WeightsError) as caught:
            network_of(card, wrong, CPU)
        assert words in caught.value.message and caught.value.tip


@pytest.mark.parametrize(
    "settings", [{"base_channels": 65_537}, {"in_channels": 10**30}, {"blocks": 1001}, {"blocks": 0}]
)
def test_settings_without_measure_are_refused(settings):
    with pytest.raises(ValueError, match=r"less than or equal|greater than or equal"):
        ResNetSettings(**settings)
