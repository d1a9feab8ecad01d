"""What each named recipe is about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from limner.config.load import load_recipe
from limner.config.recipe_index import known_recipes, shipped_recipes
from limner.errors import RecipeError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecipeSummary:
    """A recipe in a list: its name, file and method, and what its `about` says."""

    name: str
    title: str
    method: str
    path: Path
    paper: str
    command: str
    time: str
    expected: str


def list_recipes() -> list[RecipeSummary]:
    """Every recipe that has a name, by name; one of a plug-in that does not load is logged and left out.

    Raises:
        RecipeError: a shipped recipe does not load.
    """
    return list(_summaries())


def _summaries() -> Iterator[RecipeSummary]:
    shipped = shipped_recipes()
    for name, path in sorted(known_recipes().items()):
        try:
            recipe = load_recipe(path)
        except RecipeError as error:
            if name in shipped:
                raise
            _log.warning("the recipe '%s' does not load: %s", name, error)
            continue
        about = recipe.about
        yield RecipeSummary(
            name, about.title or name, recipe.method, path, about.paper, about.command, about.time, about.expected
        )
