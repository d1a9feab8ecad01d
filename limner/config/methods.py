"""Which settings belong to which method."""

from __future__ import annotations

from importlib import import_module

from limner.config.cut import CUTRecipe
from limner.config.cyclegan import CycleGANRecipe
from limner.config.nearest import nearest
from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import Recipe
from limner.errors import RecipeError

RECIPES: dict[str, type[Recipe]] = {"pix2pix": Pix2PixRecipe, "cyclegan": CycleGANRecipe, "cut": CUTRecipe}
"""The settings of each shipped method, by its name in `method:`. Free of torch, unlike the methods themselves."""


def recipe_class(method: str) -> type[Recipe]:
    """The settings of a method.

    Args:
        method: a shipped name, or the import path `package.module:Class` of a method with a class attribute `recipe`.

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
    recipe = getattr(method_class(method), "recipe", None)
    if not (isinstance(recipe, type) and issubclass(recipe, Recipe)):
        raise RecipeError(
            f"the method '{method}' does not say which settings it takes",
            "give the class an attribute: recipe = MyRecipe, a subclass of limner.config.recipe.Recipe",
        )
    return recipe


def method_class(method: str) -> type:
    """The class behind an import path `package.module:Class`.

    Raises:
        RecipeError: the module cannot be imported or has no such class.
    """
    module, _, name = method.partition(":")
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
