"""Methods: one file each, reading like its paper; `method.py` is the seam to the trainer."""

from __future__ import annotations

import importlib

import torch

from limner.config.recipe import Recipe
from limner.errors import RecipeError
from limner.methods.method import Draw, Method, Term, Terms, Turn

__all__ = ["Draw", "Method", "Term", "Terms", "Turn", "build_method", "method_class"]

METHODS = {"pix2pix": "limner.methods.pix2pix:Pix2Pix"}
"""Name in a recipe -> where the class is."""


def method_class(name: str) -> type[Method]:
    """The class of a shipped method, or of your own by import path (`package.module:Class`).

    Raises:
        RecipeError: there is no such class.
    """
    module, _, attribute = METHODS.get(name, name).partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(
            f"method '{name}' cannot be imported: {error}",
            f"use one of {', '.join(METHODS)} or the import path of your class, package.module:Class",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise RecipeError(f"method '{name}' is not a limner.methods.Method", "see limner/methods/README.md")
    return found


def build_method(recipe: Recipe) -> Method:
    """The method of a recipe, on the CPU, its weights drawn from the recipe's seed."""
    build = method_class(recipe.method)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return build(recipe)
