"""CycleGAN's and CUT's losses, against the papers' formulas written out on the same networks."""

from __future__ import annotations

import pytest
import torch
from cases import DOMAINS, SHORT
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, cross_entropy

from limner.config.load import load_recipe
from limner.data.batch import DomainBatch
from limner.methods import build_method
from limner.methods.cut import CUT, mirror
from limner.methods.cyclegan import CycleGAN
from limner.methods.draw import Draw
from limner.methods.method import Terms

CPU = torch.device("cpu")


def batch(seed: int = 0) -> DomainBatch:
    generator = torch.Generator().manual_seed(seed)
    return DomainBatch(*(torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for _ in range(2)))


def cyclegan(*words: str, recipe: str = "cyclegan-horse2zebra") -> CycleGAN:
    base = DOMAINS if recipe == "cyclegan-horse2zebra" else (*SHORT, "generator.levels=2")
    method = build_method(load_recipe(recipe, [*base, *words]))
    assert isinstance(method, CycleGAN)
    return method


def cut(*words: str) -> CUT:
    method = build_method(load_recipe("cut-horse2zebra", [*DOMAINS, "loss.patches=16", *words]))
    assert isinstance(method, CUT)
    return method


def total(terms: Terms) -> Tensor:
    return torch.stack([term.value * term.weight for term in terms.values()]).sum()


def test_the_generators_minimise_equation_3() -> None:
    method, pictures, draw = cyclegan(), batch(), Draw(0, CPU)
    there, back = method.generator_ab, method.generator_ba
    a, b = pictures.a, pictures.b
    fake_a, fake_b = back(b), there(a)
    expected = (
        (method.discriminator_a(fake_a) - 1).square().mean()
        + (method.discriminator_b(fake_b) - 1).square().mean()
        + 10 * ((back(fake_b) - a).abs().mean() + (there(fake_a) - b).abs().mean())
        + 5 * ((back(a) - a).abs().mean() + (there(b) - b).abs().mean())
    )
    torch.testing.assert_close(total(method.generators_loss(pictures, draw, method.share(pictures, draw))), expected)


def test_the_discriminators_minimise_equation_1_halved() -> None:
    method, pictures, draw = cyclegan("loss.history=0"), batch(), Draw(0, CPU)
    fakes = method.share(pictures, draw)
    expected = 0.5 * sum(
        (judge(real) - 1).square().mean() + judge(fake).square().mean()
        for judge, real, fake in (
            (method.discriminator_a, pictures.a, fakes.a),
            (method.discriminator_b, pictures.b, fakes.b),
        )
    )
    torch.testing.assert_close(total(method.discriminators_loss(pictures, draw, fakes)), expected)


def test_on_pairs_the_translation_itself_is_held_to_its_partner() -> None:
    method, pictures, draw = cyclegan(recipe="cyclegan-cityscapes"), batch(), Draw(0, CPU)
    terms = method.generators_loss(pictures, draw, method.share(pictures, draw))
    assert not {"identity_a", "identity_b"} & terms.keys()
    torch.testing.assert_close(terms["paired_b"].value, (method.generator_ab(pictures.a) - pictures.b).abs().mean())
    torch.testing.assert_close(terms["paired_a"].value, (method.generator_ba(pictures.b) - pictures.a).abs().mean())
    assert terms["paired_a"].weight == terms["paired_b"].weight == 5


def test_the_study_s_discriminator_answers_with_one_probability_a_picture() -> None:
    method, pictures, draw = cyclegan(recipe="cyclegan-cityscapes"), batch(), Draw(0, CPU)
    said = method.discriminator_a(pictures.a)
    assert said.shape == (2,) and ((said > 0) & (said < 1)).all()
    terms = method.discriminators_loss(pictures, draw, method.share(pictures, draw))
    torch.testing.assert_close(terms["real_a"].value, binary_cross_entropy(said, torch.ones(2)))
    torch.testing.assert_close(terms["feedback_real_a"].value, said.mean())


def test_without_an_adversary_there_is_no_discriminator() -> None:
    method = cyclegan("loss.adversary=false", "loss.identity=0")
    assert list(method.players) == ["generators"] and not hasattr(method, "discriminator_a")
    terms = method.generators_loss(batch(), Draw(0, CPU), method.share(batch(), Draw(0, CPU)))
    assert terms.keys() == {"cycle_a", "cycle_b"}


def test_cut_s_generator_minimises_equation_5() -> None:
    method, pictures = cut(), batch()
    made = method.share(pictures, Draw(0, CPU))
    terms, draw = method.generator_loss(pictures, Draw(1, CPU), made), Draw(1, CPU)
    assert made.same is not None
    torch.testing.assert_close(terms["nce"].value, patch_nce(method, pictures.a, made.fake, draw))
    torch.testing.assert_close(terms["nce_identity"].value, patch_nce(method, pictures.b, made.same, draw))
    torch.testing.assert_close(terms["adversarial"].value, (method.discriminator(made.fake) - 1).square().mean())
    assert {name: term.weight for name, term in terms.items()} == {"adversarial": 1, "nce": 0.5, "nce_identity": 0.5}


def patch_nce(method: CUT, source: Tensor, made: Tensor, draw: Draw, mirrored: bool = False) -> Tensor:
    """Equation 4: for each layer, picture and place the cross-entropy of finding the own place; the mean of all."""
    keys, queries = method.generator.features(source), method.generator.features(made)
    if mirrored:
        queries = [layer.flip(-1) for layer in queries]
    places = [draw.uniform(layer[0, 0].numel()).argsort()[:16] for layer in queries]
    own = torch.arange(16)
    layers = [
        torch.stack([cross_entropy(q @ k.T / 0.07, own) for q, k in zip(query, key, strict=True)]).mean()
        for query, key in zip(method.heads(queries, places), method.heads(keys, places), strict=True)
    ]
    return torch.stack(layers).mean()


def test_keys_are_constants() -> None:
    method, pictures = cut(), batch()
    made = method.share(pictures, Draw(0, CPU))
    value = method.contrast(pictures.a.requires_grad_(), made.fake.detach(), made.mirrored, Draw(1, CPU))
    (gradient,) = torch.autograd.grad(value, pictures.a, allow_unused=True)
    assert gradient is None


def test_fastcut_mirrors_half_of_the_time_and_mirrors_back() -> None:
    method, pictures = cut("loss.flip_equivariance=true", "loss.nce_identity=false"), batch()
    seen = {bool(method.share(pictures, Draw(seed, CPU)).mirrored): seed for seed in range(20)}
    assert set(seen) == {True, False}
    made = method.share(pictures, Draw(seen[True], CPU))
    torch.testing.assert_close(made.fake, method.generator(pictures.a.flip(-1)))
    value = method.contrast(pictures.a, made.fake, made.mirrored, Draw(1, CPU))
    torch.testing.assert_close(value, patch_nce(method, pictures.a, made.fake, Draw(1, CPU), mirrored=True))
    assert "nce_identity" not in method.generator_loss(pictures, Draw(1, CPU), made)


def test_mirror_turns_pictures_round_only_where_asked() -> None:
    picture = batch().a
    assert torch.equal(mirror(picture, torch.tensor([[[[True]]]])), picture.flip(-1))
    assert torch.equal(mirror(picture, torch.tensor([[[[False]]]])), picture)


@pytest.mark.parametrize(("recipe", "count"), [("cyclegan-horse2zebra", 2), ("cut-horse2zebra", 1)])
def test_what_is_taken_home(recipe: str, count: int) -> None:
    method = build_method(load_recipe(recipe, DOMAINS))
    assert len(method.translators) == count
    picture = batch().a
    torch.testing.assert_close(method.translate(picture), getattr(method, method.translators[0])(picture))
    torch.testing.assert_close(
        method.translate(picture, back=count > 1), getattr(method, method.translators[-1])(picture)
    )
