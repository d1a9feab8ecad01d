"""Replayed steps equal ordinary ones, for every method; what cannot be replayed is taken in the ordinary way."""

from __future__ import annotations

import inspect
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import CASES, Case
from recorded_operations import RecordedOperations
from test_engine import Images, Toy, batch, toy
from torch import Tensor

import limner
from limner.config.load import load_recipe
from limner.config.training import TrainingSettings
from limner.data.samplers import EpochSampler
from limner.methods import build_method
from limner.methods.method import Method, Seen, Terms, Turn
from limner.random import Draw
from limner.runs.checkpoint import read_checkpoint
from limner.runs.tensors import optimiser_from
from limner.training import trainer
from limner.training.engine import Engine
from limner.training.graphed import WARM, GraphedEngine
from limner.training.players import make_players
from limner.training.recording import cuda_graphs
from limner.training.session import open_images, with_classes

CPU = torch.device("cpu")
STEPS = WARM + 5
GOES_ON = "training goes on without CUDA graphs, at the ordinary speed"


class Told:
    """Remembers what an engine said."""

    def __init__(self, event: str = "graphs-off") -> None:
        self.event = event
        self.details: list[str] = []

    def __call__(self, event: str, detail: str) -> None:
        assert event == self.event
        self.details.append(detail)


class Recorder:
    """Makes the graphs of one engine and remembers them."""

    def __init__(self) -> None:
        self.graphs: list[RecordedOperations] = []
        self.engine: GraphedEngine

    def __call__(self) -> RecordedOperations:
        self.graphs.append(RecordedOperations(lambda: [t for group in self.engine._state() for t in group]))
        return self.graphs[-1]


def no_graph() -> RecordedOperations:
    raise RuntimeError("no graphs here\nsecond line")


def graphed(method: Method, make: Callable[[], RecordedOperations], **settings: object) -> GraphedEngine:
    players = make_players(method, TrainingSettings(steps=1))
    engine = GraphedEngine(method, players, CPU, seed=1, make_graph=make, **settings)  # type: ignore[arg-type]
    if isinstance(make, Recorder):
        make.engine = engine
    return engine


def run(engine: Engine, steps: int = STEPS) -> list[dict[str, Tensor]]:
    values = []
    for step in range(steps):
        for player in engine.players.values():
            player.set_rate(1 / (1 + step))
        values.append(engine.step(step, partial(batch, seed=step), Seen()))
    return values


def state(method: Method) -> list[Tensor]:
    return list(method.state_dict().values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replayed_steps_equal_ordinary_ones(case: Case, pairs: Path) -> None:
    chosen = load_recipe(case.recipe, [*case.words, f"data.path={case.images(pairs)}"])
    splits = open_images(chosen)
    chosen = with_classes(chosen, splits)
    outcomes, told = [], Told()
    recorder = Recorder()
    order = EpochSampler(len(splits.train), chosen.training.batch, chosen.seed)
    for make in (recorder, no_graph):
        torch.manual_seed(5)
        method = build_method(chosen).train()
        engine = GraphedEngine(
            method, make_players(method, chosen.training), CPU, chosen.seed, chosen.precision == "bf16",
            microbatches=chosen.training.accumulate, make_graph=make, tell=told,
        )  # fmt: skip
        recorder.engine = engine
        values = []
        for step in range(STEPS):
            for player in engine.players.values():
                player.set_rate(1 / (1 + step))
            values.append(engine.step(step, partial(splits.train.batch, order.positions(step)), Seen()))
        outcomes.append((state(method), values))
    assert told.details == ["a step could not be recorded (no graphs here): " + GOES_ON]
    assert all(graph.replays == STEPS - WARM - 1 for graph in recorder.graphs) and recorder.graphs
    (replayed, values), (ordinary, plain) = outcomes
    assert all(torch.equal(a, b) for a, b in zip(replayed, ordinary, strict=True))
    assert all(one.keys() == other.keys() for one, other in zip(values, plain, strict=True))
    assert all(torch.equal(one[name], other[name]) for one, other in zip(values, plain, strict=True) for name in one)


def test_each_kind_of_step_is_recorded_once_it_has_been_taken() -> None:
    class Balanced(Toy):
        def plan(self, step: int, seen: Seen) -> Sequence[str | Turn]:
            return ("critic", Turn("critic", fresh=True), "generator") if step % 2 else ("generator",)

    recorder, plain = Recorder(), toy(Balanced)
    method = toy(Balanced)
    values, expected = run(graphed(method, recorder), 12), run(graphed(plain, no_graph), 12)
    assert all(torch.equal(a, b) for a, b in zip(state(method), state(plain), strict=True))
    assert all(torch.equal(a[name], b[name]) for a, b in zip(values, expected, strict=True) for name in a)
    assert {graph.replays for graph in recorder.graphs} == {6 - WARM - 1}


def test_the_values_of_a_step_outlive_the_next_one() -> None:
    values = run(graphed(toy(), Recorder()))
    assert len({float(each["generator/adversarial"]) for each in values}) == STEPS


def test_a_step_that_looks_at_a_value_is_taken_in_the_ordinary_way() -> None:
    class Curious(Toy):
        def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            terms = super().critic_loss(batch, draw, fake)
            return terms if terms["real"].value.item() < 9e9 else {}

    told = Told()
    method, plain = toy(Curious), toy(Curious)
    run(graphed(method, Recorder(), tell=told))
    run(graphed(plain, no_graph))
    reason = "operation not permitted when stream is capturing"
    assert told.details == [f"a step could not be recorded ({reason}): {GOES_ON}"]
    assert all(torch.equal(a, b) for a, b in zip(state(method), state(plain), strict=True))


def test_a_step_that_replays_wrongly_is_noticed() -> None:
    """Numbers of its own, drawn on the host, would be the same in every replay."""

    class Sly(Toy):
        def share(self, batch: Images, draw: Draw) -> Tensor:
            self.shares += 1
            made: Tensor = self.model.net(batch.images * (1 + self.shares))
            return made

    told = Told()
    run(graphed(toy(Sly), Recorder(), tell=told))
    assert len(told.details) == 1 and "differs from the ordinary one" in told.details[0]


def test_a_replay_that_does_nothing_is_noticed() -> None:
    class Idle(RecordedOperations):
        def replay(self) -> None:
            self.replays += 1

    class Lazy(Recorder):
        def __call__(self) -> RecordedOperations:
            self.graphs.append(Idle(lambda: [t for group in self.engine._state() for t in group]))
            return self.graphs[-1]

    told = Told()
    method, plain = toy(), toy()
    run(graphed(method, Lazy(), tell=told))
    run(graphed(plain, no_graph))
    assert len(told.details) == 1 and "100%" in told.details[0]
    assert all(torch.equal(a, b) for a, b in zip(state(method), state(plain), strict=True))


@pytest.mark.parametrize("when", [1, WARM + 1])
def test_memory_that_runs_out_halves_the_batch_and_smaller_microbatches_are_replayed(when: int) -> None:
    """Before a step is recorded, and while it is compared."""

    class Hungry(Toy):
        def critic_loss(self, batch: Images, draw: Draw, fake: Tensor) -> Terms:
            if len(batch) > 2 and steps == when:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().critic_loss(batch, draw, fake)

    recorder, plain = Recorder(), toy(Hungry)
    method, told = toy(Hungry), Told("memory-halved")
    engines = graphed(method, recorder, tell=told), graphed(plain, no_graph)
    for steps in range(when + 2 * WARM + 3):
        for engine in engines:
            engine.step(steps, partial(batch, seed=steps), Seen())
    assert told.details == ["memory ran out: each batch of 4 is now split into 2 microbatches"]
    assert recorder.graphs[-1].replays > 0 and not engines[0]._off
    assert all(torch.equal(a, b) for a, b in zip(state(method), state(plain), strict=True))


def test_too_little_memory_to_compare_goes_on_in_the_ordinary_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: GraphedEngine) -> list[list[Tensor]]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(GraphedEngine, "_copies", full)
    told, method, plain = Told(), toy(), toy()
    run(graphed(method, Recorder(), tell=told))
    run(graphed(plain, no_graph))
    assert len(told.details) == 1 and "memory does not suffice" in told.details[0]
    assert all(torch.equal(a, b) for a, b in zip(state(method), state(plain), strict=True))


def test_a_replayed_run_is_resumed_exactly(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The learning rate lives in a tensor then, and falls; checkpoints hold it as ever."""
    recorders: list[Recorder] = []

    def replaying(*arguments: Any, **settings: Any) -> GraphedEngine:
        recorders.append(Recorder())
        recorders[-1].engine = GraphedEngine(*arguments, **settings, make_graph=recorders[-1])
        return recorders[-1].engine

    monkeypatch.setattr(trainer, "engine_for", lambda *_: replaying)
    case = next(case for case in CASES if case.name == "pix2pix-ema-linear")
    words = [*case.words, f"data.path={pairs}", "training.steps=12", "training.checkpoint_every=6"]
    whole = limner.train(case.recipe, name="whole", runs=tmp_path, words=words).path
    shutil.copytree(whole, tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "checkpoints" / "step-000012")
    limner.resume(tmp_path / "cut")
    assert [max(graph.replays for graph in recorder.graphs) for recorder in recorders] == [12 - WARM - 1, 6 - WARM - 1]
    one, other = (read_checkpoint(tmp_path / name / "checkpoints" / "step-000012") for name in ("whole", "cut"))
    assert dict(one.contents) == dict(other.contents)
    group = optimiser_from(one.file("optimiser-generator.pt"))["param_groups"][0]
    assert group["lr"] == pytest.approx(2e-4 / 6, rel=1e-6) and group["capturable"] is False


def test_cuda_graphs_share_one_pool_and_let_other_threads_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, takes = [], inspect.signature(torch.cuda.graph.__init__)

    @contextmanager
    def capture(*arguments: Any, **settings: Any) -> Iterator[None]:
        asked.append(takes.bind(None, *arguments, **settings).arguments)
        warnings.warn("The CUDA Graph is empty. This usually means ...", stacklevel=1)
        yield

    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, len(asked)))
    make = cuda_graphs()
    with warnings.catch_warnings(record=True) as warned:
        for _ in range(2):
            with make().recording():
                pass
    assert not warned
    assert [(each["pool"], each["capture_error_mode"]) for each in asked] == [((0, 0), "thread_local")] * 2
    assert asked[0]["cuda_graph"] is not asked[1]["cuda_graph"]
