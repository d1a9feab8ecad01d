"""Methods: one file each, reading like its paper; `method.py` is the seam to the trainer."""

from __future__ import annotations

import torch

from limner.config.methods import method_class
from limner.config.recipe import Recipe
from limner.errors import RecipeError
from limner.methods.method import Method, Seen, Term, Terms, Turn
from limner.models import ImageGenerator, Model, Translator
from limner.random import Draw

__all__ = [
    "Draw",
    "Method",
    "Seen",
    "Term",
    "Terms",
    "Turn",
    "build_method",
    "build_model",
    "find_method",
]


def find_method(recipe: Recipe) -> type[Method]:
    """The class of a recipe's method.

    Raises:
        RecipeError: `method` names neither a shipped method nor a class of your own that is a `Method`.
    """
    found = method_class(recipe.method)
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
        method = found(recipe)
    _checked(method.model, recipe)
    return method


def build_model(recipe: Recipe) -> Model:
    """The model that a recipe's method trains, alone, on the CPU and freshly drawn; raises as `build_method`."""
    with torch.random.fork_rng(devices=[]):
        return _checked(find_method(recipe).build_model(recipe), recipe)


def _checked(model: Model, recipe: Recipe) -> Model:
    if not isinstance(model, Translator | ImageGenerator):
        raise RecipeError(
            f"the model of method '{recipe.method}' is a {type(model).__name__}, neither translator nor generator",
            "build_model gives a limner.models.Translator, or a subclass of ImageGenerator",
        )
    return model
