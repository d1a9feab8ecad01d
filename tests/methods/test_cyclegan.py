"""CycleGAN's and CUT's losses, against the papers' formulas written out on the same networks."""

from __future__ import annotations

import pytest
import torch
from cases import DOMAINS, SHORT
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, cross_entropy

from limner.config.load import load_recipe
from limner.data.batch import DomainBatch, to_range
from limner.methods import build_method, build_model
from limner.methods.cut import CUT, mirror
from limner.methods.cyclegan import CycleGAN
from limner.methods.method import Terms
from limner.models import Direction, Translator
from limner.random import Draw

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


def networks(method: CycleGAN) -> tuple[nn.Module, nn.Module]:
    """G and F."""
    return method.model.generators["AtoB"], method.model.generators["BtoA"]


def total(terms: Terms) -> Tensor:
    return torch.stack([term.value * term.weight for term in terms.values()]).sum()


def test_the_generators_minimise_equation_3() -> None:
    method, images, draw = cyclegan(), batch(), Draw(0, CPU)
    there, back = networks(method)
    a, b = images.a, images.b
    fake_a, fake_b = back(b), there(a)
    expected = (
        (method.discriminator_a(fake_a) - 1).square().mean()
        + (method.discriminator_b(fake_b) - 1).square().mean()
        + 10 * ((back(fake_b) - a).abs().mean() + (there(fake_a) - b).abs().mean())
        + 5 * ((back(a) - a).abs().mean() + (there(b) - b).abs().mean())
    )
    torch.testing.assert_close(total(method.generators_loss(images, draw, method.share(images, draw))), expected)


def test_the_discriminators_minimise_equation_1_halved() -> None:
    method, images, draw = cyclegan("loss.image_pool=0"), batch(), Draw(0, CPU)
    fakes = method.share(images, draw)
    expected = 0.5 * sum(
        (judge(real) - 1).square().mean() + judge(fake).square().mean()
        for judge, real, fake in (
            (method.discriminator_a, images.a, fakes.a),
            (method.discriminator_b, images.b, fakes.b),
        )
    )
    torch.testing.assert_close(total(method.discriminators_loss(images, draw, fakes)), expected)


def test_on_pairs_the_translation_itself_is_held_to_its_partner() -> None:
    method, images, draw = cyclegan(recipe="cyclegan-cityscapes"), batch(), Draw(0, CPU)
    terms = method.generators_loss(images, draw, method.share(images, draw))
    there, back = networks(method)
    assert not {"identity_a", "identity_b"} & terms.keys()
    torch.testing.assert_close(terms["paired_b"].value, (there(images.a) - images.b).abs().mean())
    torch.testing.assert_close(terms["paired_a"].value, (back(images.b) - images.a).abs().mean())
    assert terms["paired_a"].weight == terms["paired_b"].weight == 5


def test_the_study_s_discriminator_answers_with_one_probability_an_image() -> None:
    method, images, draw = cyclegan(recipe="cyclegan-cityscapes"), batch(), Draw(0, CPU)
    said = method.discriminator_a(images.a)
    assert said.shape == (2,) and ((said > 0) & (said < 1)).all()
    terms = method.discriminators_loss(images, draw, method.share(images, draw))
    torch.testing.assert_close(terms["real_a"].value, binary_cross_entropy(said, torch.ones(2)))
    torch.testing.assert_close(terms["feedback_real_a"].value, said.mean())


def test_without_an_adversary_there_is_no_discriminator() -> None:
    method = cyclegan("loss.adversary=false", "loss.identity=0")
    assert list(method.players) == ["generators"] and not hasattr(method, "discriminator_a")
    terms = method.generators_loss(batch(), Draw(0, CPU), method.share(batch(), Draw(0, CPU)))
    assert terms.keys() == {"cycle_a", "cycle_b"}


def test_cut_s_generator_minimises_equation_5() -> None:
    method, images = cut(), batch()
    made = method.share(images, Draw(0, CPU))
    terms, draw = method.generator_loss(images, Draw(1, CPU), made), Draw(1, CPU)
    assert made.same is not None
    torch.testing.assert_close(terms["nce"].value, patch_nce(method, images.a, made.fake, draw))
    torch.testing.assert_close(terms["nce_identity"].value, patch_nce(method, images.b, made.same, draw))
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
    method, images = cut(), batch()
    made = method.share(images, Draw(0, CPU))
    value = method.contrast(images.a.requires_grad_(), made.fake.detach(), made.mirrored, Draw(1, CPU))
    (gradient,) = torch.autograd.grad(value, images.a, allow_unused=True)
    assert gradient is None


def test_fastcut_mirrors_half_of_the_time_and_mirrors_back() -> None:
    method, images = cut("loss.flip_equivariance=true", "loss.nce_identity=false"), batch()
    seen = {bool(method.share(images, Draw(seed, CPU)).mirrored): seed for seed in range(20)}
    assert set(seen) == {True, False}
    made = method.share(images, Draw(seen[True], CPU))
    torch.testing.assert_close(made.fake, method.generator(images.a.flip(-1)))
    value = method.contrast(images.a, made.fake, made.mirrored, Draw(1, CPU))
    torch.testing.assert_close(value, patch_nce(method, images.a, made.fake, Draw(1, CPU), mirrored=True))
    assert "nce_identity" not in method.generator_loss(images, Draw(1, CPU), made)


def test_mirror_turns_images_round_only_where_asked() -> None:
    image = batch().a
    assert torch.equal(mirror(image, torch.tensor([[[[True]]]])), image.flip(-1))
    assert torch.equal(mirror(image, torch.tensor([[[[False]]]])), image)


def test_grey_images_pass_through_every_loss_and_the_pool() -> None:
    words = ["data.channels=1", "generator.in_channels=1", "generator.out_channels=1", "discriminator.in_channels=1"]
    method, draw = cyclegan("loss.image_pool=2", *words), Draw(0, CPU)
    images = DomainBatch(batch().a[:, :1], batch().b[:, :1])
    fakes = method.share(images, draw)
    assert fakes.a.shape == fakes.b.shape == (2, 1, 16, 16)
    assert total(method.discriminators_loss(images, draw, fakes)).isfinite()
    assert total(method.generators_loss(images, draw, fakes)).isfinite()
    torch.testing.assert_close(to_range(method.image_pool_a.images), fakes.a, atol=1 / 255, rtol=0)


@pytest.mark.parametrize(
    ("recipe", "words", "directions"),
    [
        ("cyclegan-horse2zebra", [], ("AtoB", "BtoA")),
        ("cut-horse2zebra", [], ("AtoB",)),
        ("cut-horse2zebra", ["data.direction=BtoA"], ("BtoA",)),
    ],
)
def test_what_is_taken_away(recipe: str, words: list[str], directions: tuple[Direction, ...]) -> None:
    """The generators and nothing else; the first direction unless another is said."""
    loaded = load_recipe(recipe, [*DOMAINS, *words])
    model, image = build_method(loaded).model, batch().a
    assert isinstance(model, Translator) and model.directions == directions
    assert {name.split(".")[1] for name in model.state_dict()} == set(directions)
    assert build_model(loaded).state_dict().keys() == model.state_dict().keys()
    torch.testing.assert_close(model.translate(image), model.generators[directions[0]](image))
    for way in directions:
        torch.testing.assert_close(model.translate(image, way), model.generators[way](image))
