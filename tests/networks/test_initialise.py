"""Where weights start from: the deviations that the papers and CUT's code name."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from limner.config.networks import PatchGANSettings, ResNetSettings
from limner.networks import PatchHeads, build, initialise


def deviation(weight: torch.Tensor) -> float:
    return float(weight.detach().std(correction=0))


def test_normal_is_the_default() -> None:
    torch.manual_seed(0)
    for module in build(ResNetSettings(blocks=1, base_channels=16)).modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert deviation(module.weight) == pytest.approx(0.02, rel=0.1)
            assert module.bias is not None and not module.bias.any()


@pytest.mark.parametrize(
    "settings", [ResNetSettings(blocks=1, base_channels=16), PatchGANSettings(base_channels=16, norm="instance")]
)
def test_xavier_follows_the_number_of_inputs_and_outputs(settings: ResNetSettings | PatchGANSettings) -> None:
    torch.manual_seed(0)
    seen = set()
    for module in build(settings, "xavier").modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            area = module.kernel_size[0] * module.kernel_size[1]
            expected = 0.02 * math.sqrt(2 / (area * (module.in_channels + module.out_channels)))
            assert deviation(module.weight) == pytest.approx(expected, rel=0.1)
            assert module.bias is None or not module.bias.any()
            seen.add(round(expected, 6))
    assert len(seen) > 2


def test_heads_and_norms_start_like_the_rest() -> None:
    torch.manual_seed(0)
    heads = initialise(PatchHeads([64], width=256), "xavier")
    first, second = (m for m in heads.modules() if isinstance(m, nn.Linear))
    assert deviation(first.weight) == pytest.approx(0.02 * math.sqrt(2 / (64 + 256)), rel=0.1)
    assert deviation(second.weight) == pytest.approx(0.02 * math.sqrt(2 / 512), rel=0.1)
    assert not first.bias.any() and not second.bias.any()
    norm = initialise(nn.Sequential(nn.BatchNorm2d(500)), "xavier", gain=0.05)[0]
    assert float(norm.weight.detach().mean()) == pytest.approx(1.0, abs=0.02)
    assert deviation(norm.weight) == pytest.approx(0.05, rel=0.2)
