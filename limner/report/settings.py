"""Recipes laid flat: dotted keys and values, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from limner.config.load import load_recipe
from limner.config.recipe_index import shipped_recipes
from limner.runs.documents import Json
from limner.runs.reading import dig

UNSET = "(no such key)"
"""Stands for a key that a recipe does not have."""

_NOT_SETTINGS = ("about", "schema")
"""Top-level keys that say something of the recipe and change nothing in a run."""
_PLACES = ("data.path", "data.path_b")
"""Every run has its own; where pictures lie is no change of a shipped recipe."""


@dataclass(frozen=True)
class SettingDifference:
    """One setting whose values are not the same in all recipes; `values` are in the order of the recipes."""

    key: str
    values: list[Any]


def flatten(recipe: Json) -> dict[str, Any]:
    """Dotted keys in the order of the recipe; lists stay whole, empty mappings become "none"."""
    flat: dict[str, Any] = {}

    def walk(value: Any, key: str) -> None:
        if isinstance(value, dict) and value:
            for name, inner in value.items():
                walk(inner, f"{key}.{name}" if key else str(name))
        else:
            flat[key] = None if value == {} else value

    for name, value in recipe.items():
        if name not in _NOT_SETTINGS:
            walk(value, str(name))
    return flat


def differing(recipes: Sequence[Json]) -> list[SettingDifference]:
    """The settings that are not equal in all recipes, in the order in which they first appear."""
    flats = [flatten(recipe) for recipe in recipes]
    keys = dict.fromkeys(key for flat in flats for key in flat)
    rows = [SettingDifference(key, [flat.get(key, UNSET) for flat in flats]) for key in keys]
    # A mapping that one recipe lacks (data.derive: null) shows by its inner keys; the empty outer key says nothing new.
    inner = {key.rsplit(".", depth)[0] for key in keys for depth in range(1, key.count(".") + 1)}
    return [row for row in rows if row.key not in inner and any(value != row.values[0] for value in row.values[1:])]


def changed_from_shipped(recipe: Json) -> tuple[str, dict[str, Any]] | None:
    """The shipped recipe that a run came from, known by its title, and its value of each key that the run changed.

    Where the pictures lie is no change. None when the recipe is not a shipped one.
    """
    title = dig(recipe, "about.title")
    for name, path in shipped_recipes().items():
        if title and dig(yaml.safe_load(path.read_text(encoding="utf-8")), "about.title") == title:
            shipped = load_recipe(path).model_dump(mode="json", by_alias=True)
            rows = differing([recipe, shipped])
            return name, {row.key: row.values[1] for row in rows if row.key not in _PLACES}
    return None
