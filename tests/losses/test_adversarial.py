"""The objectives against their closed forms, and which way they pull."""

import math

import pytest
import torch

from limner.losses import BinaryCrossEntropy, LeastSquares, adversarial_loss


def test_binary_cross_entropy_at_chance_is_log_two() -> None:
    loss, logits = BinaryCrossEntropy(), torch.zeros(2, 1, 3, 3)
    for value in (loss.real(logits), loss.fake(logits), loss.fool(logits)):
        assert float(value) == pytest.approx(math.log(2))
    assert float(loss.probability(logits)) == 0.5


def test_binary_cross_entropy_is_the_formula() -> None:
    logits = torch.randn(50, dtype=torch.float32)
    probability = logits.double().sigmoid()
    loss = BinaryCrossEntropy(real_label=0.9)
    expected = -(0.9 * probability.log() + 0.1 * (1 - probability).log()).mean()
    torch.testing.assert_close(loss.real(logits).double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(loss.fake(logits).double(), -(1 - probability).log().mean(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(loss.fool(logits).double(), -probability.log().mean(), rtol=1e-5, atol=1e-6)


def test_least_squares_is_the_formula() -> None:
    outputs, loss = torch.tensor([0.0, 1.0, 3.0]), LeastSquares(real_label=0.9)
    assert float(loss.real(outputs)) == pytest.approx(((0.9) ** 2 + 0.1**2 + 2.1**2) / 3)
    assert float(loss.fake(outputs)) == pytest.approx(10 / 3)
    assert float(loss.fool(outputs)) == pytest.approx((1 + 0 + 4) / 3)
    assert float(loss.probability(outputs)) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["bce", "least-squares"])
def test_players_pull_against_each_other_and_in_float32(name: str) -> None:
    loss = adversarial_loss(name)  # type: ignore[arg-type]
    outputs = torch.full((4,), 0.3, dtype=torch.bfloat16, requires_grad=True)
    values = {"real": loss.real(outputs), "fake": loss.fake(outputs), "fool": loss.fool(outputs)}
    signs = {}
    for key, value in values.items():
        assert value.dtype == torch.float32
        (gradient,) = torch.autograd.grad(value, outputs)
        signs[key] = float(gradient.sum().sign())
    assert signs == {"real": -1, "fake": 1, "fool": -1}


def test_binary_cross_entropy_on_probabilities_is_that_on_logits() -> None:
    logits = torch.randn(50, dtype=torch.float64) * 3
    on_logits = BinaryCrossEntropy(real_label=0.9)
    on_chances = adversarial_loss("bce", 0.9, "probabilities")
    chances = logits.sigmoid()
    for name in ("real", "fake", "fool", "probability"):
        torch.testing.assert_close(getattr(on_chances, name)(chances), getattr(on_logits, name)(logits))


def test_sure_probabilities_cost_a_finite_amount() -> None:
    loss = adversarial_loss("bce", outputs="probabilities")
    certain = torch.tensor([0.0, 1.0], requires_grad=True)
    for value in (loss.real(certain), loss.fake(certain), loss.fool(certain)):
        assert float(value.detach()) == pytest.approx(-math.log(1e-7) / 2, rel=1e-6)
        (gradient,) = torch.autograd.grad(value, certain)
        assert gradient.isfinite().all()


def test_least_squares_is_the_same_on_probabilities() -> None:
    chances = torch.tensor([0.25, 0.75])
    loss = adversarial_loss("least-squares", outputs="probabilities")
    assert float(loss.real(chances)) == pytest.approx((0.75**2 + 0.25**2) / 2)
    assert float(loss.probability(chances)) == 0.5


@pytest.mark.parametrize("name", ["bce", "least-squares"])
@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_objectives_work_inside_autocast_in_float32(name: str, outputs: str) -> None:
    loss = adversarial_loss(name, outputs=outputs)  # type: ignore[arg-type]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = torch.full((4,), 0.3)
        results = [loss.real(values), loss.fake(values), loss.fool(values), loss.probability(values)]
    assert {result.dtype for result in results} == {torch.float32}
