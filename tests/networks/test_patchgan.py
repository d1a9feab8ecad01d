"""The PatchGAN is the paper's: its size, and the field that one output really sees."""

import math

import pytest
import torch
from torch import nn

from limner.config.networks import PatchGANSettings, SigmoidPatchSettings
from limner.networks import PatchGAN, SigmoidPatchGAN, build


def test_default_has_the_parameters_of_the_study() -> None:
    network = PatchGAN()
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_768_705
    assert network(torch.zeros(1, 3, 256, 256), torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)


@pytest.mark.parametrize(("field", "size"), [(1, 8), (16, 64), (70, 160), (286, 640)])
def test_one_output_sees_exactly_the_field(field: int, size: int) -> None:
    network = PatchGAN(receptive_field=field, base_channels=2, norm="none")  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    images = torch.ones(1, 6, size, size, requires_grad=True)
    logits = network(images)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert images.grad is not None
    rows = images.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == field


def test_bias_and_norm_policy() -> None:
    convolutions = [m for m in PatchGAN(base_channels=4).modules() if isinstance(m, nn.Conv2d)]
    assert [layer.bias is not None for layer in convolutions] == [True, False, False, False, True]
    assert [layer.stride[0] for layer in convolutions] == [2, 2, 2, 1, 1]


def test_kernel_and_width_are_settable() -> None:
    network = PatchGAN(base_channels=8, kernel=3)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert convolutions[0].out_channels == 8


def test_sigmoid_patchgan_answers_with_the_mean_probability_of_its_patches() -> None:
    torch.manual_seed(0)
    network = SigmoidPatchGAN(base_channels=4)
    for parameter in network.parameters():
        parameter.data.mul_(5)  # so that the mean of sigmoids is not the sigmoid of the mean
    images = torch.rand(3, 3, 64, 64) * 2 - 1
    trunk = PatchGAN(base_channels=4, in_channels=3, norm="instance")
    trunk.load_state_dict(network.state_dict())
    logits = trunk(images)
    found = network(images).detach()
    assert found.shape == (3,)
    for one, patches in zip(found.tolist(), logits.tolist(), strict=True):
        chances = [1 / (1 + math.exp(-patch)) for row in patches[0] for patch in row]
        assert one == pytest.approx(sum(chances) / len(chances), rel=1e-4)
    assert float(logits.detach().std()) > 0.3


def test_sigmoid_patchgan_is_built_from_its_own_settings_and_answers_in_float32() -> None:
    network = build(SigmoidPatchSettings(base_channels=4))
    assert isinstance(network, SigmoidPatchGAN)
    assert type(build(PatchGANSettings(base_channels=4))) is PatchGAN
    with torch.device("meta"):
        assert SigmoidPatchGAN().layers[0].out_channels == 32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = network(torch.zeros(2, 3, 64, 64))
    assert answer.dtype == torch.float32
    answer.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_instance_norm_takes_the_bias_too(norm: str) -> None:
    convolutions = [m for m in PatchGAN(base_channels=4, norm=norm).modules() if isinstance(m, nn.Conv2d)]  # type: ignore[arg-type]
    biases = [layer.bias is not None for layer in convolutions]
    assert biases == [True, *[norm == "none"] * 3, True]
