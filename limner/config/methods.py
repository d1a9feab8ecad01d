"""The shipped methods, each with its settings and its class, and how those of others are found."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NamedTuple

from limner.config.cut import CUTRecipe
from limner.config.cyclegan import CycleGANRecipe
from limner.config.keys import nearest
from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import Recipe
from limner.errors import RecipeError


class Shipped(NamedTuple):
    """A method that comes with limner: its settings, and where its class is. The settings alone are free of torch."""

    settings: type[Recipe]
    path: str


METHODS = {
    "pix2pix": Shipped(Pix2PixRecipe, "limner.methods.pix2pix:Pix2Pix"),
    "cyclegan": Shipped(CycleGANRecipe, "limner.methods.cyclegan:CycleGAN"),
    "cut": Shipped(CUTRecipe, "limner.methods.cut:CUT"),
}
"""By the name in `method:`."""

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
    if method in METHODS:
        return METHODS[method].settings
    if ":" not in method:
        similar = nearest(method, METHODS)
        raise RecipeError(
            f"unknown method '{method}'",
            f"a similar method exists: '{similar}'"
            if similar
            else f"shipped: {', '.join(METHODS)}; a method of your own is named package.module:Class",
        )
    recipe = getattr(method_class(method, trusted), "recipe", None)
    if not (isinstance(recipe, type) and issubclass(recipe, Recipe)):
        raise RecipeError(
            f"the method '{method}' does not say which settings it takes",
            "give the class an attribute: recipe = MyRecipe, a subclass of limner.config.recipe.Recipe",
        )
    return recipe


def method_class(method: str, trusted: bool = True) -> type:
    """The class of a method.

    Args:
        method: a shipped name, or the import path `package.module:Class`.
        trusted: whoever wrote the path may have code imported. Otherwise the module, or a package around it, must be
            named in the environment variable LIMNER_METHODS, or the module have been imported before.

    Raises:
        RecipeError: the module may not or cannot be imported, or has no such class.
    """
    if method in METHODS:
        method, trusted = METHODS[method].path, True
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
