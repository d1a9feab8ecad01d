"""The engine gives each player its turn, and moves nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from limner.config.data import PairedDataSettings
from limner.config.recipe import About, Recipe
from limner.config.training import PlayerOptimiserSettings, TrainingSettings
from limner.data.batch import Batch
from limner.errors import RecipeError, RunError
from limner.methods.method import Method, Seen, Term, Terms, Turn
from limner.models import ImageGenerator
from limner.random import Draw
from limner.training.engine import Engine
from limner.training.players import make_players
from limner.training.running_means import LateValues

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Images(Batch):
    images: Tensor


class ToyModel(ImageGenerator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5), nn.Conv2d(4, 3, 1))

    def generate(self, n: int, labels: Tensor | None, draw: Draw) -> Tensor:
        made: Tensor = self.net(draw.normal(n, 3, 4, 4))
        return made


class Toy(Method):
    """A GAN on single pixels: noise, dropout, a frozen network, and a forgotten detach."""

    model: ToyModel
    players = {"critic": ["critic"], "generator": ["model"]}
    turns: Sequence[str | Turn] = ("critic", "generator")
    shared_by = "generator"
    batch = Images

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.critic = nn.Conv2d(3, 1, 1)
        self.validate = nn.Conv2d(3, 1, 1)
        self.shares = 0

    @staticmethod
    def build_model(recipe: Recipe) -> ToyModel:
        return ToyModel()

    def share(self, batch: Images, draw: Draw) -> Tensor:
        self.shares += 1
        return self.model.generate(len(batch), None, draw)

    def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
        on_fake = self.critic(fake)  # no detach: the gradient must not leak into the generator
        return {"real": Term(-self.critic(batch.images).mean()), "fake": Term(on_fake.mean())}

    def generator_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
        return {
            "adversarial": Term(-self.critic(fake).mean(), 2.0),
            "watched": Term(self.validate(fake).square().mean(), 0),
        }

    def penalty_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
        return {"r1": Term(self.critic(batch.images).square().mean())}


def recipe(**training: object) -> Recipe:
    return Recipe(
        about=About(title="toy"),
        method="toy",
        data=PairedDataSettings(),
        training=TrainingSettings.model_validate({"steps": 4, **training}),
    )


def toy(kind: type[Toy] = Toy) -> Toy:
    torch.manual_seed(3)
    return kind(recipe())


def engine(method: Method, **settings: object) -> Engine:
    return Engine(method, make_players(method, TrainingSettings(steps=1)), CPU, seed=1, **settings)  # type: ignore[arg-type]


def batch(size: int = 4, seed: int = 0) -> Images:
    generator = torch.Generator().manual_seed(seed)
    return Images(torch.randint(0, 256, (size, 3, 4, 4), dtype=torch.uint8, generator=generator))


def weights(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def moved(before: list[Tensor], network: nn.Module) -> bool:
    return any(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_a_turn_moves_its_player_and_nobody_else() -> None:
    class OnlyCritic(Toy):
        turns = ("critic",)

    method = toy(OnlyCritic)
    critic, generator, validate = weights(method.critic), weights(method.model), weights(method.validate)
    engine(method).step(0, batch, Seen())
    assert moved(critic, method.critic)
    assert not moved(generator, method.model) and not moved(validate, method.validate)
    assert all(parameter.grad is None for parameter in method.parameters())


def test_networks_without_a_player_are_frozen() -> None:
    method = toy()
    validate = weights(method.validate)
    engine(method).step(0, batch, Seen())
    assert not moved(validate, method.validate)
    assert not any(parameter.requires_grad for parameter in method.validate.parameters())


def test_raw_values_and_weighted_total_are_reported() -> None:
    values = engine(toy()).step(0, batch, Seen())
    assert set(values) == {
        "critic/real",
        "critic/fake",
        "critic/total",
        "generator/adversarial",
        "generator/watched",
        "generator/total",
    }
    assert float(values["generator/total"]) == pytest.approx(2 * float(values["generator/adversarial"]), rel=1e-6)
    assert float(values["critic/total"]) == pytest.approx(
        float(values["critic/real"]) + float(values["critic/fake"]), rel=1e-6
    )


def test_share_is_computed_once_while_its_owner_stands_still() -> None:
    class Detached(Toy):
        def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            return super().critic_loss(batch, draw, fake.detach())

    method = toy(Detached)
    engine(method).step(0, batch, Seen())
    assert method.shares == 1


@pytest.mark.parametrize("turns", [("generator",) * 3 + ("critic",), ("critic", "generator", "generator")])
def test_share_is_computed_again_once_its_owner_has_moved(turns: tuple[str, ...]) -> None:
    class Uneven(Toy):
        def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            return super().critic_loss(batch, draw, fake.detach())

    Uneven.turns = turns
    method = toy(Uneven)
    engine(method).step(0, batch, Seen())
    moves = [turn == "generator" for turn in turns]
    assert method.shares == 1 + sum(moves[:-1])


def test_steps_repeat_exactly_and_differ_from_each_other() -> None:
    results = []
    for _ in range(2):
        method = toy()
        torch.randn(7)  # somebody else's numbers must not matter
        steps = engine(method)
        for step in range(3):
            steps.step(step, lambda: batch(), Seen())
        results.append(weights(method))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    first, second = engine(toy()).step(0, batch, Seen()), engine(toy()).step(1, batch, Seen())
    assert not torch.equal(first["generator/adversarial"], second["generator/adversarial"])


def test_fresh_turns_draw_batches_of_their_own() -> None:
    class Penalised(Toy):
        turns = ("critic", Turn("critic", fresh=True), Turn("critic", loss="penalty"), "generator")

    drawn = []

    def draw_batch() -> Images:
        drawn.append(len(drawn))
        return batch(seed=len(drawn))

    values = engine(toy(Penalised)).step(0, draw_batch, Seen())
    assert drawn == [0, 1]
    assert "penalty/r1" in values


def test_a_balance_sees_what_was_and_chooses_the_turns() -> None:
    class Balanced(Toy):
        def plan(self, step: int, seen: Seen) -> Sequence[str | Turn]:
            return ("generator",) if (seen.last("critic/total") or 0) < 0 else ("critic",)

    def seen(total: float) -> Seen:
        values = Seen()
        values.add({"critic/total": total})
        return values

    steps = engine(toy(Balanced))
    assert set(steps.step(0, batch, seen(-1.0))) >= {"generator/adversarial"}
    assert "generator/adversarial" not in steps.step(1, batch, seen(1.0))


def test_a_step_without_a_turn_leaves_the_balance_what_it_knows() -> None:
    seen = Seen()
    late = LateValues(seen, {}, torch.device("cpu"))
    for values in ({"critic/total": torch.tensor(3.0)}, {}, {"critic/total": torch.tensor(5.0)}, {}):
        late.push(values)
    assert list(seen.values["critic/total"]) == [3.0, 5.0] and late.pending() == {}


def test_microbatches_add_up_to_the_whole_batch() -> None:
    class Plain(Toy):
        """Without noise, so that the microbatches meet the same numbers as the whole."""

        turns = ("critic",)

        def share(self, batch: Images, draw: Draw) -> Tensor:
            return batch.images * 0.5

    whole, split = toy(Plain), toy(Plain)
    a = engine(whole).step(0, lambda: batch(6), Seen())
    b = engine(split, microbatches=3).step(0, lambda: batch(6), Seen())
    for left, right in zip(weights(whole), weights(split), strict=True):
        torch.testing.assert_close(left, right)
    torch.testing.assert_close(a["critic/real"], b["critic/real"])


def test_memory_running_out_halves_the_batch_and_goes_on() -> None:
    class Hungry(Toy):
        def generator_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            if len(batch) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().generator_loss(batch, draw, fake)

    told: list[tuple[str, str]] = []
    steps = engine(toy(Hungry), tell=lambda *said: told.append(said))
    steps.step(0, lambda: batch(8), Seen())
    said = [
        ("memory-halved", f"memory ran out: each batch of 8 is now split into {count} microbatches") for count in (2, 4)
    ]
    assert told == said and steps.microbatches == 4
    steps.step(1, lambda: batch(8), Seen())
    assert told == said


def test_memory_running_out_with_one_image_says_what_to_do() -> None:
    class Starved(Toy):
        def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(RunError, match="one image at a time") as caught:
        engine(toy(Starved)).step(0, lambda: batch(2), Seen())
    assert "data.size" in str(caught.value.tip)


def test_clipping_bounds_the_gradient_of_the_mover() -> None:
    norms = []

    class Watched(Toy):
        turns = ("critic",)

    for clip in (None, 1e-3):
        method = toy(Watched)
        steps = engine(method, clip=clip)
        step = steps.players["critic"].optimiser.step

        def watch(*arguments: object, method: Toy = method, step: object = step) -> None:
            norms.append(float(torch.stack([p.grad.norm() for p in method.critic.parameters()]).norm()))

        steps.players["critic"].optimiser.step = watch  # type: ignore[method-assign, assignment]
        steps.step(0, batch, Seen())
    assert norms[0] > 1e-2 and norms[1] == pytest.approx(1e-3, rel=1e-3)


def test_a_cast_weight_never_outlives_the_optimiser_step() -> None:
    """In one region of autocast the generator would be judged by the discriminator of before its move."""

    class Sharp(Toy):
        turns = ("critic", "generator")

        def share(self, batch: Images, draw: Draw) -> Tensor:
            return self.model.net[0](batch.images)[:, :3]

    method = toy(Sharp)
    training = TrainingSettings(steps=1, optimisers={"critic": PlayerOptimiserSettings(lr=0.5)})
    steps = Engine(method, make_players(method, training), CPU, seed=1, bf16=True)
    before = weights(method.model)
    values = steps.step(0, batch, Seen())
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for parameter, value in zip(method.model.parameters(), before, strict=True):
            parameter.copy_(value)
        fake = method.share(batch().on(CPU), steps.seeded("x", 0))
        expected = -method.critic(fake).mean()
    torch.testing.assert_close(values["generator/adversarial"].float(), expected.float(), rtol=1e-2, atol=1e-3)


def test_settings_for_an_unknown_player_are_refused() -> None:
    training = TrainingSettings(steps=1, optimisers={"artist": PlayerOptimiserSettings()})
    with pytest.raises(RecipeError, match="artist") as caught:
        make_players(toy(), training)
    assert "critic" in str(caught.value.tip)


def test_a_loss_without_a_weight_is_named() -> None:
    class Weightless(Toy):
        def generator_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            return {name: Term(term.value, 0) for name, term in super().generator_loss(batch, draw, fake).items()}

    with pytest.raises(RunError, match="no term of the loss 'generator' has a weight") as caught:
        engine(toy(Weightless)).step(0, batch, Seen())
    assert "adversarial, watched" in str(caught.value.tip)
