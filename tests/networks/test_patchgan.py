"""The PatchGAN is the paper's: its size, and the field that one output really sees."""

import pytest
import torch
from torch import nn

from limner.networks import PatchGAN


def test_default_has_the_parameters_of_the_study() -> None:
    network = PatchGAN()
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_768_705
    assert network(torch.zeros(1, 3, 256, 256), torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)


@pytest.mark.parametrize(("field", "size"), [(1, 8), (16, 64), (70, 160), (286, 640)])
def test_one_output_sees_exactly_the_field(field: int, size: int) -> None:
    network = PatchGAN(field=field, width=2, norm="none")  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    pictures = torch.ones(1, 6, size, size, requires_grad=True)
    logits = network(pictures)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert pictures.grad is not None
    rows = pictures.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == field


def test_bias_and_norm_policy() -> None:
    convolutions = [m for m in PatchGAN(width=4).modules() if isinstance(m, nn.Conv2d)]
    assert [layer.bias is not None for layer in convolutions] == [True, False, False, False, True]
    assert [layer.stride[0] for layer in convolutions] == [2, 2, 2, 1, 1]


def test_kernel_and_width_are_settable() -> None:
    network = PatchGAN(width=8, kernel=3)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert convolutions[0].out_channels == 8
