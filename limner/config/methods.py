"""Which settings belong to which method."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from limner.config.cut import CUTRecipe
from limner.config.cyclegan import CycleGANRecipe
from limner.config.nearest import nearest
from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import Recipe
from limner.errors import RecipeError

RECIPES: dict[str, type[Recipe]] = {"pix2pix": Pix2PixRecipe, "cyclegan": CycleGANRecipe, "cut": CUTRecipe}
"""The settings of each shipped method, by its name in `method:`. Free of torch, unlike the methods themselves."""

TRUSTED = "LIMNER_METHODS"
"""Environment variable: modules and packages, joined by commas, that a stranger's recipe may have imported."""


def recipe_class(method: str, trusted: bool = True) -> type[Recipe]:
    """The settings of a method.

    Args:
        method: a shipped name, or the import path `package.module:Class` of a method with a class attribute `recipe`.
        trusted: see `method_class`.

    Raises:
        RecipeError: there is no such method, or it cannot be imported, or it names no settings.
    """
    if method in RECIPES:
        return RECIPES[method]
    if ":" not in method:
        similar = nearest(method, RECIPES)
        raise RecipeError(
            f"unknown method '{method}'",
            f"a similar method exists: '{similar}'"
            if similar
            else f"shipped: {', '.join(RECIPES)}; a method of your own is named package.module:Class",
        )
    recipe = getattr(method_class(method, trusted), "recipe", None)
    if not (isinstance(recipe, type) and issubclass(recipe, Recipe)):
        raise RecipeError(
            f"the method '{method}' does not say which settings it takes",
            "give the class an attribute: recipe = MyRecipe, a subclass of limner.config.recipe.Recipe",
        )
    return recipe


def method_class(method: str, trusted: bool = True) -> type:
    """The class behind an import path `package.module:Class`.

    Args:
        trusted: whoever wrote the path may have code imported. Otherwise the module, or a package around it, must be
            named in the environment variable LIMNER_METHODS, or the module have been imported before.

    Raises:
        RecipeError: the module may not or cannot be imported, or has no such class.
    """
    module, _, name = method.partition(":")
    if not trusted and module not in sys.modules and not _allowed(module):
        raise RecipeError(
            f"the method '{method}' is none of limner's: to load it, the module '{module}' would have to be run",
            f"if you trust that module, set the environment variable {TRUSTED}={module}; in Python, import it before",
        )
    try:
        found = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise RecipeError(
            f"the method '{method}' cannot be imported: no module named '{error.name}'",
            "install its package, or put its folder on PYTHONPATH",
        ) from error
    except Exception as error:
        raise RecipeError(
            f"the method '{method}' cannot be imported: {type(error).__name__}: {error}",
            f"'python -c \"import {module}\"' shows where",
        ) from error
    if not isinstance(found, type):
        raise RecipeError(f"the module '{module}' has no class '{name}'", "method: package.module:Class")
    return found


def _allowed(module: str) -> bool:
    allowed = [name.strip() for name in os.environ.get(TRUSTED, "").split(",")]
    return any(name and f"{module}.".startswith(f"{name}.") for name in allowed)
