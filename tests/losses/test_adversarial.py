"""The objectives against their closed forms, and which way they pull."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from limner.config.cross_checks import Objective
from limner.config.load import load_recipe
from limner.errors import RecipeError
from limner.losses import (
    Adversarial,
    BinaryCrossEntropy,
    Hinge,
    LeastSquares,
    RelativisticPairing,
    adversarial_loss,
)

OBJECTIVES = get_args(Objective)


def values(loss: Adversarial, outputs: Tensor) -> dict[str, Tensor]:
    """Every number that an objective gives where the discriminator says the same of real and of generated images."""
    parts = loss.discriminator(outputs, outputs)
    return {**parts, "generator": loss.generator(outputs, outputs), "probability": loss.probability(outputs)}


def test_cross_entropy_and_pairs_at_chance_are_log_two() -> None:
    logits = torch.zeros(2, 1, 3, 3)
    for loss in (BinaryCrossEntropy(), RelativisticPairing()):
        found = {name: float(value) for name, value in values(loss, logits).items()}
        assert found.pop("probability") == 0.5
        assert list(found.values()) == pytest.approx([math.log(2)] * len(found))


def test_binary_cross_entropy_is_the_formula() -> None:
    real, fake = torch.randn(2, 50, dtype=torch.float32)
    loss = BinaryCrossEntropy(real_label=0.9)
    parts = loss.discriminator(real, fake)
    on_real, on_fake = real.double().sigmoid(), fake.double().sigmoid()
    expected = -(0.9 * on_real.log() + 0.1 * (1 - on_real).log()).mean()
    torch.testing.assert_close(parts["real"].double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(parts["fake"].double(), -(1 - on_fake).log().mean(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(loss.generator(None, fake).double(), -on_fake.log().mean(), rtol=1e-5, atol=1e-6)


def test_least_squares_is_the_formula() -> None:
    outputs, loss = torch.tensor([0.0, 1.0, 3.0]), LeastSquares(real_label=0.9)
    parts = loss.discriminator(outputs, outputs)
    assert float(parts["real"]) == pytest.approx(((0.9) ** 2 + 0.1**2 + 2.1**2) / 3)
    assert float(parts["fake"]) == pytest.approx(10 / 3)
    assert float(loss.generator(None, outputs)) == pytest.approx((1 + 0 + 4) / 3)
    assert float(loss.probability(outputs)) == pytest.approx(2 / 3)


def test_hinge_is_the_formula() -> None:
    outputs, loss = torch.tensor([-3.0, 0.5, 2.0]), Hinge()
    parts = loss.discriminator(outputs, outputs)
    assert float(parts["real"]) == pytest.approx((4 + 0.5 + 0) / 3)
    assert float(parts["fake"]) == pytest.approx((0 + 1.5 + 3) / 3)
    assert float(loss.generator(None, outputs)) == pytest.approx(0.5 / 3)
    assert float(loss.probability(outputs)) == pytest.approx((0 + 0.75 + 1) / 3)


def test_relativistic_pairing_is_the_formula() -> None:
    """Of each pair alone: not of the mean, as the relativistic average would be."""
    real, fake = torch.randn(2, 50, dtype=torch.float64)
    loss = RelativisticPairing()
    likelier = (real - fake).sigmoid()
    parts = loss.discriminator(real, fake)
    assert list(parts) == ["relativistic"]
    torch.testing.assert_close(parts["relativistic"].double(), -likelier.log().mean(), rtol=1e-5, atol=1e-6)
    generator = loss.generator(real, fake)
    torch.testing.assert_close(generator.double(), -(1 - likelier).log().mean(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(loss.generator(real + 7, fake + 7), generator)
    with pytest.raises(ValueError, match="outputs on real images"):
        loss.generator(None, fake)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_players_pull_against_each_other_and_in_float32(name: Objective, outputs: str) -> None:
    loss = adversarial_loss(name, outputs=outputs)  # type: ignore[arg-type]
    real, fake = (torch.full((4,), 0.3, dtype=torch.bfloat16, requires_grad=True) for _ in range(2))
    parts = loss.discriminator(real, fake)
    learnt, generator = torch.stack(list(parts.values())).sum(), loss.generator(real, fake)
    assert {value.dtype for value in (*parts.values(), generator)} == {torch.float32}
    signs = [float(g.sum().sign()) for g in torch.autograd.grad(learnt, (real, fake))]
    assert signs == [-1, 1], "the discriminator wants real images above and generated ones below"
    assert float(torch.autograd.grad(generator, fake)[0].sum()) < 0
    assert loss.relativistic == (set(parts) != {"real", "fake"})


@pytest.mark.parametrize("name", ["bce", "hinge", "relativistic"])
def test_on_probabilities_it_is_that_on_logits(name: Objective) -> None:
    logits = torch.randn(50, dtype=torch.float64) * 3
    smoothed = 0.9 if name == "bce" else 1.0
    on_logits = values(adversarial_loss(name, smoothed), logits)
    on_chances = values(adversarial_loss(name, smoothed, "probabilities"), logits.sigmoid())
    assert on_logits.keys() == on_chances.keys()
    for label, value in on_logits.items():
        torch.testing.assert_close(on_chances[label], value, check_dtype=False, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["bce", "hinge", "relativistic"])
def test_sure_probabilities_cost_a_finite_amount(name: Objective) -> None:
    loss = adversarial_loss(name, outputs="probabilities")
    certain = torch.tensor([0.0, 1.0], requires_grad=True)
    for value in values(loss, certain).values():
        assert value.isfinite()
        if name == "bce" and value.requires_grad and value > 1:
            assert float(value.detach()) == pytest.approx(-math.log(1e-7) / 2, rel=1e-6)
        (gradient,) = torch.autograd.grad(value, certain)
        assert gradient.isfinite().all()


def test_least_squares_is_the_same_on_probabilities() -> None:
    chances = torch.tensor([0.25, 0.75])
    loss = adversarial_loss("least-squares", outputs="probabilities")
    assert float(loss.discriminator(chances, chances)["real"]) == pytest.approx((0.75**2 + 0.25**2) / 2)
    assert float(loss.probability(chances)) == 0.5


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_objectives_work_inside_autocast_in_float32(name: Objective, outputs: str) -> None:
    loss = adversarial_loss(name, outputs=outputs)  # type: ignore[arg-type]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = values(loss, torch.full((4,), 0.3))
    assert {value.dtype for value in found.values()} == {torch.float32}


def test_a_label_is_smoothed_only_where_there_are_labels() -> None:
    for objective in ("hinge", "relativistic"):
        with pytest.raises(RecipeError, match=f"loss.adversarial={objective} knows no labels"):
            load_recipe("pix2pix-facades", [f"loss.adversarial={objective}", "loss.real_label=0.9"])
