"""docs/recipes.md, built from the settings models: `python -m limner.config.page docs/recipes.md` writes it anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from limner.config.base import Settings
from limner.config.keys import Key, keys_of
from limner.config.load import list_recipes
from limner.config.methods import METHODS
from limner.config.recipe import Recipe
from limner.files import write_atomically

_INTRODUCTION = """\
# Recipes

<!-- Built from the settings models. Write it anew with: python -m limner.config.page docs/recipes.md -->

A recipe is one YAML file and the whole truth of a run. `limner train NAME` takes a shipped recipe, `limner train
my.yaml` one of your own, and `limner train runs/NAME` repeats a run. `limner recipes show NAME` prints a recipe with
every key written out.

**Overrides.** Words with `=` change single keys: `limner train pix2pix data.path=~/pictures loss.l1=10 seed=3`. Lists
are written `generator.dropout_blocks=[1,2]`. The last one wins. Nothing behind the `=`, or `null`, clears a key: its
default holds again. Setting one of `training.steps`, `training.epochs` and `training.time` clears the other two.

**Kinds.** A group with a key `kind` (`generator`, `discriminator`, ...) has the keys of that kind. Setting another kind
clears what was inherited of the one before.

**Extending.** A file needs to say only what differs:

```yaml
extends: pix2pix-facades        # a name, or a file relative to this one

loss:
  l1: 10
```

Groups are merged key by key; lists and single values are replaced.

**Numbers and text.** `2e-4` is a number. In a file, text that looks like a number, or like a truth value such as `no`,
needs quotes: `path: "2024"`. An override of a key that holds text or a path takes what stands behind its `=`:
`data.path=2024`. Only a path called `null` needs quotes there too: `data.path='"null"'`. Relative paths are relative to
the folder in which limner is started; `~` is the home folder.

**Editors.** `limner recipes schema > recipe.schema.json` writes a JSON Schema. With
`# yaml-language-server: $schema=recipe.schema.json` in the first line, many editors complete and check keys.

**Recipes of your own package.** An entry point in the group `limner.recipes` names a package or a folder with `*.yaml`
files; they are then known by name. `method: package.module:Class` takes a method of your own; its class attribute
`recipe` is its settings class, a subclass of `limner.config.recipe.Recipe`. To use a run of it, name the module in the
environment variable `LIMNER_METHODS`: it is not imported because a file says so.
"""

_HEAD = "| key | values | default | meaning |\n| --- | --- | --- | --- |"


def recipes_page() -> str:
    """The page in Markdown: how to write a recipe, the shipped ones, and every key of every method."""
    return "\n".join([_INTRODUCTION, *_shipped(), *_all_keys()]) + "\n"


def _shipped() -> Iterator[str]:
    yield "## Shipped recipes\n\n| name | what | command | time | expected |\n| --- | --- | --- | --- | --- |"
    for recipe in list_recipes():
        yield f"| `{recipe.name}` | {recipe.title} | `{recipe.command}` | {recipe.time} | {recipe.expected} |"
    yield ""


def _all_keys() -> Iterator[str]:
    yield f"## Keys that every recipe shares\n\n{_HEAD}"
    shared = list(keys_of(Recipe))
    yield from (_row(key) for key in shared)
    known = {key.path for key in shared}
    for method, (model, _) in METHODS.items():
        yield f"\n## Keys of {method}\n\n{_HEAD}"
        yield from (_row(key) for key in keys_of(model) if key.path not in known)


def _row(key: Key) -> str:
    meaning = " ".join((key.field.description or "").split())
    if key.groups:
        meaning = f"**{meaning}** {_summary(key.groups)}"
    if key.kind:
        meaning = f"{key.kind}: {meaning}"
    cells = [f"`{key.path}`", _values(_fragment(key)), _default(key), meaning]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _summary(groups: list[type[Settings]]) -> str:
    return " / ".join(" ".join((group.__doc__ or "").split()) for group in groups)


def _default(key: Key) -> str:
    if key.groups and not key.field.is_required():
        return ""
    if key.field.default_factory is not None:
        return "see meaning"
    value = key.field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or value == "":
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _fragment(key: Key) -> dict[str, Any]:
    properties: dict[str, dict[str, Any]] = key.owner.model_json_schema(by_alias=True)["properties"]
    return properties[key.path.rpartition(".")[2]]


def _values(schema: dict[str, Any]) -> str:
    """What a fragment of JSON Schema admits, in words."""
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_values(part) for part in choices))
    if "$ref" in schema:
        return "group"
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "integer":
            return "whole number" + _bounds(schema)
        case "number":
            return "number" + _bounds(schema)
        case "boolean":
            return "`true`, `false`"
        case "array" if "prefixItems" in schema:
            return f"list of {len(schema['prefixItems'])}: {_values(schema['prefixItems'][0])}"
        case "array":
            return f"list of: {_values(schema['items'])}"
        case "object":
            return "a group for each NAME"
        case "null":
            return "nothing"
    return "path" if schema.get("format") == "path" else "text"


def _bounds(schema: dict[str, Any]) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = {sign: schema[name] for name, sign in words.items() if name in schema}
    # Some versions of Pydantic give the bounds of a fraction as 1, others as 1.0.
    return "".join(f", {sign} {int(bound) if bound == int(bound) else bound}" for sign, bound in bounds.items())


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), recipes_page())
