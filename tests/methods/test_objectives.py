"""Every method takes every adversarial objective: its terms, and a gradient for whoever moves."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from limner.config.cross_checks import Objective
from limner.config.load import load_recipe
from limner.data.batch import DomainBatch, PairedBatch
from limner.methods import Draw, Turn, build_method

SMALL = ["generator.base_channels=2", "discriminator.base_channels=2", "discriminator.receptive_field=16"]
RECIPES = {
    "pix2pix-facades": ["data.size=32", "generator.levels=3"],
    "cyclegan-horse2zebra": ["data.size=32", "generator.blocks=1"],
    "cut-horse2zebra": ["data.size=32", "generator.blocks=1", "loss.patches=8"],
}


@pytest.mark.parametrize("objective", get_args(Objective))
@pytest.mark.parametrize("recipe", RECIPES)
def test_terms_and_gradients(recipe: str, objective: str) -> None:
    method = build_method(load_recipe(recipe, [*SMALL, *RECIPES[recipe], f"loss.adversarial={objective}"]))
    draw, cpu = Draw(1, torch.device("cpu")), torch.device("cpu")
    images = torch.randint(0, 256, (2, 2, 3, 32, 32), dtype=torch.uint8)
    batch = (PairedBatch if method.batch is PairedBatch else DomainBatch)(*images).on(cpu)
    shared = method.share(batch, draw)
    parts = {"relativistic"} if objective == "relativistic" else {"real", "fake"}
    for turn in method.turns:
        assert isinstance(turn, str) and not isinstance(turn, Turn)
        terms = getattr(method, f"{turn}_loss")(batch, draw, shared)
        names = {name.removesuffix("_a").removesuffix("_b") for name, term in terms.items() if term.weight}
        adversarial = {name: term for name, term in terms.items() if name.startswith("adversarial")}
        if "discriminator" in turn:
            assert names == parts and {term.weight for term in terms.values() if term.weight} == {0.5}
        else:
            assert adversarial and "adversarial" in names
        total = torch.stack([term.value * term.weight for term in (adversarial or terms).values()]).sum()
        (networks,) = [method.players[turn]]
        moved = [parameter for name in networks if name != "heads" for parameter in getattr(method, name).parameters()]
        gradients = torch.autograd.grad(total, moved, retain_graph=True, allow_unused=True)
        assert all(gradient is not None and bool(gradient.isfinite().all()) for gradient in gradients)
        assert any(bool(gradient.any()) for gradient in gradients)
