"""The contrastive loss against a slow loop in double precision, and against the form of CUT's public code."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from limner.losses import patch_nce


def vectors(*shape: int, seed: int) -> Tensor:
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return drawn / drawn.norm(dim=-1, keepdim=True)


def slow(queries: Tensor, keys: Tensor, temperature: float) -> float:
    """Equation 3, place by place: -log of the share of the own key among all keys of the same picture."""
    losses = []
    for image in range(queries.shape[0]):
        for place in range(queries.shape[1]):
            scores = [
                math.exp(sum(q * k for q, k in zip(queries[image, place].tolist(), key, strict=True)) / temperature)
                for key in keys[image].tolist()
            ]
            losses.append(-math.log(scores[place] / sum(scores)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_matches_a_slow_loop(temperature: float) -> None:
    queries, keys = vectors(3, 5, 4, seed=0), vectors(3, 5, 4, seed=1)
    found = patch_nce(queries.float(), keys.float(), temperature)
    assert found.dtype == torch.float32 and found.shape == ()
    assert float(found) == pytest.approx(slow(queries, keys, temperature), rel=1e-5)


def test_matches_the_form_of_the_public_code() -> None:
    """There the own key stands first, and its place among the others is filled with a score of -10."""
    queries, keys = vectors(2, 6, 8, seed=2), vectors(2, 6, 8, seed=3)
    rows = []
    for image in range(2):
        scores = queries[image] @ keys[image].T
        others = torch.where(torch.eye(6, dtype=torch.bool), torch.tensor(-10.0, dtype=torch.float64), scores)
        rows.append(torch.cat([scores.diagonal()[:, None], others], dim=1) / 0.07)
    stacked = torch.cat(rows)
    expected = torch.nn.functional.cross_entropy(stacked, torch.zeros(len(stacked), dtype=torch.long))
    torch.testing.assert_close(patch_nce(queries.float(), keys.float()).double(), expected, rtol=1e-5, atol=1e-6)


def test_keys_all_alike_cost_the_logarithm_of_their_number() -> None:
    keys = vectors(1, 1, 4, seed=0).expand(2, 9, 4)
    assert float(patch_nce(vectors(2, 9, 4, seed=1), keys)) == pytest.approx(math.log(9), rel=1e-5)


def test_other_images_are_no_negatives() -> None:
    queries, keys = vectors(2, 5, 4, seed=0), vectors(2, 5, 4, seed=1)
    alone = [float(patch_nce(queries[n : n + 1], keys[n : n + 1])) for n in range(2)]
    assert float(patch_nce(queries, keys)) == pytest.approx(sum(alone) / 2, rel=1e-5)


def test_gradients_pull_queries_and_leave_keys() -> None:
    queries, keys = vectors(1, 5, 4, seed=0).float(), vectors(1, 5, 4, seed=1).float()
    queries.requires_grad_(), keys.requires_grad_()
    loss = patch_nce(queries, keys)
    loss.backward()
    assert keys.grad is None
    assert queries.grad is not None
    with torch.no_grad():
        assert patch_nce(queries - 0.01 * queries.grad, keys) < loss


def test_autocast_changes_no_digit() -> None:
    queries, keys = vectors(1, 8, 4, seed=0).float(), vectors(1, 8, 4, seed=1).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = patch_nce(queries, keys)
    assert torch.equal(inside, patch_nce(queries, keys))
