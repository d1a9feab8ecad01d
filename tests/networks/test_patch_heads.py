"""The heads of CUT look where they are told, give vectors of length 1, and exist before the first batch."""

from __future__ import annotations

import pytest
import torch

from limner.networks import PatchHeads, ResNetGenerator


def test_every_place_is_the_formula_and_of_length_one() -> None:
    torch.manual_seed(0)
    heads = PatchHeads([3, 5], width=7).double()
    features = [torch.randn(2, 3, 4, 6, dtype=torch.float64), torch.randn(2, 5, 2, 3, dtype=torch.float64)]
    places = [torch.tensor([0, 23, 7, 7]), torch.tensor([5, 1])]
    results = heads(features, places)
    assert [tuple(r.shape) for r in results] == [(2, 4, 7), (2, 2, 7)]
    for head, map_, place, result in zip(heads.heads, features, places, results, strict=True):
        first, second = head[0], head[2]
        for image in range(2):
            for number, at in enumerate(place.tolist()):
                vector = map_[image, :, at // map_.shape[3], at % map_.shape[3]]
                hidden = (first.weight @ vector + first.bias).clamp(min=0)
                expected = second.weight @ hidden + second.bias
                torch.testing.assert_close(
                    result[image, number].double(), expected / expected.norm(), atol=1e-5, rtol=1e-5
                )


def test_a_vector_of_zeros_gives_zeros_and_finite_gradients() -> None:
    heads = PatchHeads([3])
    for parameter in heads.parameters():
        torch.nn.init.zeros_(parameter)
    features = torch.zeros(1, 3, 2, 2, requires_grad=True)
    (result,) = heads([features], [torch.arange(4)])
    result.sum().backward()
    assert not result.any()
    assert features.grad is not None and bool(features.grad.isfinite().all())


def test_they_fit_the_features_of_a_resnet_in_bfloat16() -> None:
    generator = ResNetGenerator(blocks=5, base_channels=2, sampling="antialiased")
    heads = PatchHeads(generator.feature_channels, width=8)
    before = len(list(heads.parameters()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = generator.features(torch.rand(2, 3, 16, 16))
        results = heads(features, [torch.randperm(f[0, 0].numel())[:6] for f in features])
    assert len(list(heads.parameters())) == before == 4 * 5
    assert [tuple(r.shape) for r in results] == [(2, 6, 8)] * 5
    for result in results:
        assert result.dtype == torch.float32
        torch.testing.assert_close(result.norm(dim=-1), torch.ones(2, 6))


def test_a_map_without_a_head_is_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        PatchHeads([3])([torch.zeros(1, 3, 2, 2)] * 2, [torch.arange(2)] * 2)
