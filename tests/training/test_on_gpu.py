"""What only a GPU can show: steps recorded as CUDA graphs, whole runs on the device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cases import CASES, Case

import limner
from limner.config.load import load_recipe
from limner.data.samplers import EpochSampler
from limner.methods import build_method
from limner.runs.logs import read_events
from limner.training.device import make_repeatable
from limner.training.engine import Values
from limner.training.graphed import WARM, GraphedEngine
from limner.training.players import make_players
from limner.training.session import open_images

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]
every_method = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_method
def test_replayed_steps_equal_ordinary_ones(case: Case, pairs: Path) -> None:
    recipe = load_recipe(case.recipe, [*case.words, f"data.path={pairs}"])
    cuda, splits, told = torch.device("cuda"), open_images(recipe), []
    make_repeatable(cuda)
    order = EpochSampler(len(splits.train), recipe.training.batch, recipe.seed)

    def trained(replayed: bool) -> tuple[dict[str, torch.Tensor], list[Values], GraphedEngine]:
        torch.manual_seed(5)
        method = build_method(recipe).to(cuda).train()
        engine = GraphedEngine(
            method, make_players(method, recipe.training), cuda, recipe.seed, recipe.precision == "bf16",
            parts=recipe.training.accumulate, tell=lambda *said: told.append(said),
        )  # fmt: skip
        engine._off = not replayed
        values = [engine.step(n, lambda n=n: splits.train.batch(order.positions(n)), {}) for n in range(WARM + 6)]  # type: ignore[misc]
        return method.state_dict(), values, engine

    (replayed, values, engine), (ordinary, plain, _) = trained(True), trained(False)
    assert not told and len(engine._checked) == 1
    for name, tensor in ordinary.items():
        if tensor.is_floating_point():
            assert (replayed[name] - tensor).abs().max() < 5e-3, name  # a few moves of Adam where gradients are noise
    for one, other in zip(values, plain, strict=True):
        assert {k: float(v) for k, v in one.items()} == pytest.approx({k: float(v) for k, v in other.items()}, rel=1e-2)


@every_method
def test_a_run_on_a_gpu_ends_well_and_is_resumed(case: Case, pairs: Path, tmp_path: Path) -> None:
    words = [*case.words, f"data.path={pairs}", "device=cuda", "training.steps=12"]
    run = limner.train(case.recipe, name="run", runs=tmp_path, words=words)
    assert not [event for event in read_events(run.path / "events.jsonl") if event.event == "graphs-off"]
    limner.resume(run.path, ["training.steps=18"])
    assert limner.load(run.path).translate(torch.zeros(3, 16, 16)).shape == (3, 16, 16)
