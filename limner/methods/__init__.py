"""Methods: one file each, reading like its paper; `method.py` is the seam to the trainer."""

from __future__ import annotations

import torch

from limner.config.methods import method_class
from limner.config.recipe import Recipe
from limner.errors import RecipeError
from limner.methods.method import Method, Term, Terms, Turn
from limner.random import Draw

__all__ = ["Draw", "Method", "Term", "Terms", "Turn", "build_method", "find_method"]

METHODS = {
    "pix2pix": "limner.methods.pix2pix:Pix2Pix",
    "cyclegan": "limner.methods.cyclegan:CycleGAN",
    "cut": "limner.methods.cut:CUT",
}
"""Name in a recipe -> where the class is."""


def find_method(recipe: Recipe) -> type[Method]:
    """The class of a recipe's method.

    Raises:
        RecipeError: `method` names neither a shipped method nor a class of your own that is a `Method`.
    """
    found = method_class(METHODS.get(recipe.method, recipe.method))
    if not issubclass(found, Method):
        raise RecipeError(f"method '{recipe.method}' is not a limner.methods.Method", "see limner/methods/README.md")
    return found


def build_method(recipe: Recipe) -> Method:
    """The method of a recipe, on the CPU, its weights drawn from the recipe's seed.

    Raises:
        RecipeError: `method` names neither a shipped method nor a class of your own that is a `Method`.
    """
    found = find_method(recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return found(recipe)
