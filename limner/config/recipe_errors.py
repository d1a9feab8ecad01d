"""Turn what Pydantic found wrong into sentences for the person who wrote the recipe."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from limner.config.keys import keys_of, nearest, nearest_key
from limner.config.recipe import Recipe
from limner.config.source import KeyPath, Layer, Origin, parse_value
from limner.errors import RecipeError

_KINDS = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a group of keys",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def explain(
    error: ValidationError, layer: Layer, model: type[Recipe], name: str, alike: Sequence[str] = ()
) -> RecipeError:
    """One message for all that is wrong: a line for each problem, with its key, value, file and line.

    Args:
        error: what Pydantic found.
        layer: the values it looked at, and where they were written.
        model: the settings they were meant for.
        name: how the recipe was named, for a problem of several keys together.
        alike: recipes of the same method, for who asks which keys there are.
    """
    problems = [_explain_one(detail, layer, model, name, alike) for detail in _details(error)]
    tips = list(dict.fromkeys(tip for _, tip in problems if tip))
    return RecipeError("\n".join(message for message, _ in problems), "; ".join(tips) or None)


def places(error: ValidationError, layer: Layer) -> set[Origin | None]:
    """Where the keys that are wrong were written."""
    return {layer.origin(_key_path(detail, layer.values)[0]) for detail in _details(error)}


def _details(error: ValidationError) -> list[ErrorDetails]:
    """Less the defaults that Pydantic cannot work out because a key that they depend on is wrong itself."""
    return [one for one in error.errors(include_url=False) if one["type"] != "default_factory_not_called"]


def _explain_one(
    detail: ErrorDetails, layer: Layer, model: type[Recipe], name: str, alike: Sequence[str]
) -> tuple[str, str | None]:
    path, place_in_list = _key_path(detail, layer.values)
    key = ".".join(path)
    place = f"({layer.origin(path) or name})"
    if detail["type"] == "extra_forbidden":
        return f"unknown key '{key}' {place}", _similar_key(key, model, alike)
    if detail["type"] == "missing" and isinstance(detail["loc"][-1], int):
        return f"'{key}' has too few values {place}", _meaning(key, model)
    if detail["type"] == "missing":
        return f"the key '{key}' is missing {place}", _meaning(key, model)
    if detail["type"] == "value_error":
        return f"{detail['ctx']['error']} {place}", None
    value = detail["input"]
    allowed = _allowed(detail)
    named = f"'{key}{place_in_list}'"
    tip = _type_tip(detail, key, model, layer.texts.get(path, ""))
    if allowed is None:
        return f"{named} cannot be {_shown(value)} {place}", tip
    return f"{named} must be {allowed}, not {_shown(value)} {place}", tip


def _key_path(detail: ErrorDetails, values: Any) -> tuple[KeyPath, str]:
    """The key as it is written, and [i] for a value in a list. Pydantic's own path also names the models it tried."""
    path: list[str] = []
    place_in_list = ""
    for part in detail["loc"]:
        if isinstance(values, Mapping) and part in values:
            values = values[part]
            path.append(str(part))
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
            place_in_list += f"[{part}]"
    if detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
        path.append(detail["loc"][-1])
    return tuple(path), place_in_list


def _allowed(detail: ErrorDetails) -> str | None:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in _BOUNDS:
        words, limit = _BOUNDS[kind]
        return f"{words} {_bound(context[limit])}"
    if kind in ("literal_error", "union_tag_invalid"):
        return str(context.get("expected") or context.get("expected_tags"))
    if kind in ("too_long", "too_short"):
        return f"a list of {context.get('max_length', context.get('min_length'))}"
    return None


def _type_tip(detail: ErrorDetails, key: str, model: type[Recipe], written: str) -> str | None:
    value = detail["input"]
    if detail["type"] == "literal_error" and isinstance(value, str):
        similar = nearest(value, detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", "))
        return f"a similar value exists: '{similar}'" if similar else _meaning(key, model)
    if isinstance(value, str) and detail["type"] in ("float_type", "int_type", "bool_type"):
        plain = parse_value(value, "")
        return f"write it without quotes: {key}: {value}" if isinstance(plain, int | float) else _meaning(key, model)
    if key == "training.time" and re.fullmatch(r"\d+(\.\d+)?", written):
        return f"give it a unit: {written}s, {written}m or {written}h"
    plain = isinstance(value, int | float | bool)
    if plain and detail["type"] in ("string_type", "path_type") and _takes(key, model, written):
        return f'write it in quotes: {key}: "{written}"'
    return _meaning(key, model)


def _takes(key: str, model: type[Recipe], text: str) -> bool:
    """Whether a text would be a right value."""
    for other in keys_of(model):
        if other.path == key:
            name = key.rpartition(".")[2]
            try:
                other.owner.model_validate({name: text})
            except ValidationError as error:
                return all(detail["loc"][0] != name for detail in error.errors() if detail["loc"])
            return True
    return False


def _similar_key(key: str, model: type[Recipe], alike: Sequence[str]) -> str:
    kinds = [other.kind for other in keys_of(model) if other.path == key]
    if kinds:
        return f"'{key}' is a key of the kind {' or '.join(kinds)}"
    # A group that the key is in is no other spelling of it.
    similar = nearest_key(key, [other.path for other in keys_of(model) if not key.startswith(f"{other.path}.")])
    if similar:
        return f"a similar key exists: '{similar}'"
    return (
        f"'limner recipes show {alike[0]}' shows all keys" if alike else "docs/recipes.md lists the keys that all share"
    )


def _meaning(key: str, model: type[Recipe]) -> str | None:
    """What a key is for, in one line, so that the right value can be guessed."""
    for other in keys_of(model):
        if other.path == key and other.field.description:
            return f"{key}: {' '.join(other.field.description.split())}"
    return None


def _bound(limit: float) -> str:
    return str(int(limit)) if float(limit).is_integer() else str(limit)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, float) and not math.isfinite(value):
        return f".{value}"
    if isinstance(value, Mapping):
        return "a group of keys"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
