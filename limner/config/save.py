"""Write a resolved recipe, and say how two recipes differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from limner.config.recipe import Recipe
from limner.config.source import RecipeDumper
from limner.files import write_atomically


class RecipeDifference(NamedTuple):
    """A key on which two recipes do not agree; a side that lacks it has None there."""

    key: str
    a: Any
    b: Any


def recipe_text(recipe: Recipe) -> str:
    """The recipe as YAML, every key written out; `load_recipe` of it gives an equal recipe."""
    values = recipe.model_dump(mode="json", by_alias=True)
    return yaml.dump(values, Dumper=RecipeDumper, sort_keys=False, allow_unicode=True, width=120)


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as YAML; the file appears whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    write_atomically(path, recipe_text(recipe))


def recipe_differences(a: Recipe, b: Recipe) -> list[RecipeDifference]:
    """The settings that differ, by dotted key, in the order of the recipe. `about` is no setting and is left out."""
    ours, theirs = dict(_leaves(a)), dict(_leaves(b))
    found = (RecipeDifference(key, ours.get(key), theirs.get(key)) for key in {**ours, **theirs})
    return [difference for difference in found if difference.a != difference.b]


def _leaves(recipe: Recipe) -> Iterator[tuple[str, Any]]:
    yield from _flat(recipe.model_dump(mode="json", by_alias=True, exclude={"about"}), "")


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
