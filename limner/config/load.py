"""From a name, a file or a run folder, and overrides, to a complete and valid recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from limner.config.keys import default_kinds, without_cleared
from limner.config.layers import merge, read_overrides
from limner.config.methods import recipe_class
from limner.config.nearest import nearest
from limner.config.problems import explain
from limner.config.recipe import SCHEMA, Recipe
from limner.config.save import recipe_differences, recipe_text, save_recipe
from limner.config.shelf import known_recipes, shipped_recipes
from limner.config.source import Layer, read_yaml
from limner.errors import RecipeError

__all__ = ["load_recipe", "recipe_differences", "recipe_text", "save_recipe", "shipped_recipes"]

RUN_RECIPE = "recipe.yaml"
"""The resolved recipe in a run folder."""


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
    layer = _onto(_with_parents(_find(recipe), (), trusted), read_overrides(overrides), trusted)
    return _validated(layer, str(recipe), trusted)


def _validated(layer: Layer, name: str, trusted: bool) -> Recipe:
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
    layer = Layer(without_cleared(layer.values, model), layer.origins)
    try:
        return model.model_validate(layer.values)
    except ValidationError as error:
        raise explain(error, layer, model, name) from None


def _with_parents(path: Path, children: tuple[Path, ...], trusted: bool) -> Layer:
    """The layer of a file on top of all that it extends."""
    # One file has one name here, by whatever way (a/../b) its children lead to it.
    file = path.resolve()
    if file in children:
        circle = [*children[children.index(file) :], file]
        raise RecipeError(
            f"recipes extend each other in a circle: {' -> '.join(one.name for one in circle)}",
            f"remove 'extends' from one of them, for example from {_shown(path)}",
        )
    layer = read_yaml(path, _shown(path))
    if "extends" not in layer.values:
        return layer
    values = dict(layer.values)
    parent = values.pop("extends")
    if not isinstance(parent, str):
        raise RecipeError(
            f"'extends' must be the name or the file of one recipe, not {parent!r} ({layer.origin(('extends',))})"
        )
    try:
        below = _find(parent, path.parent)
    except RecipeError as error:
        raise RecipeError(f"{error.message} ({layer.origin(('extends',))})", error.tip) from None
    return _onto(_with_parents(below, (*children, file), trusted), Layer(values, layer.origins), trusted)


def _onto(below: Layer, above: Layer, trusted: bool) -> Layer:
    """`above` merged onto `below`, whose groups are of the default kinds of its method where they do not say."""
    method = below.values.get("method", above.values.get("method"))
    try:
        kinds = default_kinds(recipe_class(method, trusted)) if isinstance(method, str) else {}
    except RecipeError:
        # Another layer may still name another method; if none does, it is refused when all are merged.
        kinds = {}
    return merge(below, above, kinds)


def _find(recipe: str | Path, folder: Path = Path()) -> Path:
    """The file that is meant: a name first, then a file or run folder, relative to `folder`."""
    known = {} if isinstance(recipe, Path) else known_recipes()
    if recipe in known:
        return known[str(recipe)]
    path = folder / Path(recipe).expanduser()
    if path.is_dir():
        if not (path / RUN_RECIPE).is_file():
            raise RecipeError(f"the folder {recipe} holds no {RUN_RECIPE}", "name a run folder or a YAML file")
        return path / RUN_RECIPE
    if path.exists():
        return path
    if isinstance(recipe, Path) or path.suffix in (".yaml", ".yml") or len(Path(recipe).parts) > 1:
        raise RecipeError(f"no recipe file {_shown(path)}", "'limner recipes' lists the shipped recipes")
    similar = nearest(recipe, known)
    raise RecipeError(
        f"unknown recipe '{recipe}'",
        f"a similar recipe exists: '{similar}'" if similar else f"there are: {', '.join(known)}",
    )


def _shown(path: Path) -> str:
    """A path as a person would write it: short when it lies below the current folder."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
