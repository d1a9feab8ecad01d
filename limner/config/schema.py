"""The JSON Schema of recipe files, for editors: completion, help and errors while typing."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from limner.config.methods import METHODS

Json = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

EXTENDS: Json = {
    "type": "string",
    "description": "A recipe's name, or a file relative to this one; what stands here wins over what stands there.",
}


def recipe_schema() -> Json:
    """JSON Schema (Draft 2020-12) of a recipe file.

    A file may leave out what it extends, and clear any key with null, so no key is required. Files whose method is
    given by import path are not looked into: their settings are known only once that package is imported.
    """
    models = [method.settings for method in METHODS.values()]
    references, whole = models_json_schema([(model, "validation") for model in models])
    definitions = {name: _partial(definition) for name, definition in whole["$defs"].items()}
    recipes = [references[model, "validation"]["$ref"].removeprefix("#/$defs/") for model in models]
    for name in recipes:
        definitions[name]["properties"]["extends"] = EXTENDS
    own_method = {"properties": {"method": {"type": "string", "pattern": ":"}}, "required": ["method"]}
    return {
        "$schema": DRAFT,
        "title": "limner recipe",
        "type": "object",
        "if": own_method,
        "else": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in recipes]},
        "$defs": definitions,
    }


def _partial(definition: Json) -> Json:
    """The schema of a model of which a file may write any part."""
    if "properties" not in definition:
        return definition
    kept = {key: value for key, value in definition.items() if key != "required"}
    return {**kept, "properties": {key: _clearable(value) for key, value in definition["properties"].items()}}


def _clearable(schema: Json) -> Json:
    said: Json = {key: schema[key] for key in ("description", "default") if key in schema}
    shape = {key: value for key, value in schema.items() if key not in (*said, "title")}
    # Without its `kind` a group may fit several models, which "oneOf" would refuse.
    choices = next((shape[name] for name in ("anyOf", "oneOf") if set(shape) == {name}), [shape])
    nothing = {"type": "null"}
    return {**said, "anyOf": choices if nothing in choices else [*choices, nothing]}
