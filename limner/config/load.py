"""From a name, a file or a run folder, and overrides, to a complete and valid recipe; and which names there are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from limner.config.keys import default_kinds, text_keys, without_cleared
from limner.config.layers import merge, read_overrides
from limner.config.methods import recipe_class
from limner.config.recipe import SCHEMA, Recipe
from limner.config.recipe_errors import explain, places
from limner.config.recipe_index import find_recipe, known_recipes, shipped_recipes, shown_path
from limner.config.save import recipe_differences, recipe_text, save_recipe
from limner.config.source import Layer, read_yaml
from limner.errors import RecipeError

__all__ = [
    "RecipeSummary",
    "list_recipes",
    "load_recipe",
    "recipe_differences",
    "recipe_text",
    "save_recipe",
    "shipped_recipes",
]

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


def load_recipe(recipe: str | Path | None, overrides: Sequence[str] = (), *, trusted: bool = True) -> Recipe:
    """The whole recipe: what it extends, itself, then the overrides; the last one wins.

    Args:
        recipe: name of a shipped or plug-in recipe, a YAML file, or a run folder. A Path is never taken for a name.
        overrides: dotted keys with values, such as `loss.l1=10`; a relative path is relative to the current folder.
        trusted: the recipe is the person's own, so the method that it names is imported; else see `method_class`.

    Raises:
        RecipeError: there is no such recipe, or it says something unknown, mistyped or impossible.
    """
    if recipe is None:
        raise RecipeError("no recipe given", f"name one of {', '.join(known_recipes())}, or a YAML file of your own")
    layers = _with_parents(find_recipe(recipe))
    layers.append(read_overrides(overrides, _text_keys(layers, overrides, trusted)))
    return _validated(layers, str(recipe), trusted)


def list_recipes() -> list[RecipeSummary]:
    """Every recipe that has a name, by name; one of a plug-in that does not load is logged and left out.

    Raises:
        RecipeError: a shipped recipe does not load.
    """
    return list(_summaries())


def _text_keys(layers: Sequence[Layer], overrides: Sequence[str], trusted: bool) -> set[str]:
    """The text keys of the method that the recipe will be of; those that all share when there is no such method."""
    said = read_overrides([text for text in overrides if text.partition("=")[0].strip() == "method"])
    method = _method([*layers, said])
    try:
        return text_keys(recipe_class(method, trusted) if isinstance(method, str) else Recipe)
    except RecipeError:
        return text_keys(Recipe)


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


def _validated(layers: Sequence[Layer], name: str, trusted: bool) -> Recipe:
    layer = reduce(lambda below, above: _onto(below, above, trusted), layers)
    schema = layer.values.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise RecipeError(
            f"{name} is a recipe of format {schema}; this limner knows formats up to {SCHEMA}", "upgrade limner"
        )
    method = layer.values.get("method")
    if not isinstance(method, str):
        raise RecipeError(
            f"{name} does not say its method" if method is None else f"'method' must be text, not {method!r} ({name})",
            "add 'method: pix2pix', or 'extends: pix2pix'",
        )
    model = recipe_class(method, trusted)
    own = {key: value for key, value in layer.values.items() if key != "extends"}
    layer = replace(layer, values=without_cleared(own, model))
    try:
        return model.model_validate(layer.values)
    except ValidationError as error:
        alike = _recipes_of(method)
        foreign = _of_another_method(error, layers, layer, name, alike)
        raise foreign or explain(error, layer, model, name, alike) from None


def _of_another_method(
    error: ValidationError, layers: Sequence[Layer], layer: Layer, name: str, alike: Sequence[str]
) -> RecipeError | None:
    """One error for all lines of a parent that were meant for another method; None when no such line is at fault."""
    methods = [one.values.get("method") for one in layers]
    method = _method(layers)
    others = [number for number, other in enumerate(methods) if other not in (None, method)]
    if not others:
        return None
    child = methods.index(method, others[-1])
    if places(error, layer).isdisjoint(origin for one in layers[:child] for origin in one.origins.values()):
        return None
    parent, origin = layers[child].values.get("extends", name), layers[child].origin(("method",))
    return RecipeError(
        f"{parent} is a recipe of {methods[others[-1]]}, which a recipe of {method} cannot extend ({origin})",
        f"start from a recipe of {method}: {', '.join(alike)}" if alike else "write all keys, without 'extends'",
    )


def _recipes_of(method: str) -> list[str]:
    """The shipped recipes of a method, by name."""
    return [name for name, path in shipped_recipes().items() if _method(_with_parents(path)) == method]


def _method(layers: Sequence[Layer]) -> Any:
    return next((one.values["method"] for one in reversed(layers) if one.values.get("method") is not None), None)


def _with_parents(path: Path, children: tuple[Path, ...] = ()) -> list[Layer]:
    """The layers of all that a file extends, and its own, which wins and is the last."""
    # One file has one name here, by whatever way (a/../b) its children lead to it.
    file = path.resolve()
    if file in children:
        circle = [*children[children.index(file) :], file]
        raise RecipeError(
            f"recipes extend each other in a circle: {' -> '.join(one.name for one in circle)}",
            f"remove 'extends' from one of them, for example from {shown_path(path)}",
        )
    layer = read_yaml(path, shown_path(path))
    if "extends" not in layer.values:
        return [layer]
    parent = layer.values["extends"]
    if not isinstance(parent, str):
        raise RecipeError(
            f"'extends' must be the name or the file of one recipe, not {parent!r} ({layer.origin(('extends',))})"
        )
    try:
        below = find_recipe(parent, path.parent)
    except RecipeError as error:
        raise RecipeError(f"{error.message} ({layer.origin(('extends',))})", error.tip) from None
    return [*_with_parents(below, (*children, file)), layer]


def _onto(below: Layer, above: Layer, trusted: bool) -> Layer:
    """`above` merged onto `below`, whose groups are of the default kinds of its method where they do not say."""
    method = below.values.get("method", above.values.get("method"))
    try:
        kinds = default_kinds(recipe_class(method, trusted)) if isinstance(method, str) else {}
    except RecipeError:
        # Another layer may still name another method; if none does, it is refused when all are merged.
        kinds = {}
    return merge(below, above, kinds)
