"""Lay parts of a recipe over one another: a parent, its child, the overrides of the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from limner.config.source import KeyPath, Layer, Origin, parse_value
from limner.errors import RecipeError

LENGTHS = ("steps", "epochs", "time")
"""Keys of `training` of which a run has exactly one; setting one clears the inherited others."""

_DOTTED = re.compile(r"[^\s.=]+(\.[^\s.=]+)*")


def merge(below: Layer, above: Layer, kinds: Mapping[str, str] | None = None) -> Layer:
    """`above` wins; groups are merged key by key, everything else (lists too) is replaced as a whole.

    A group that becomes another `kind` keeps nothing of the one below: its keys belong to that other kind.

    Args:
        kinds: by the name of a group, the kind that it is of where nothing is said.
    """
    training = above.values.get("training")
    if isinstance(training, Mapping) and any(training.get(name) is not None for name in LENGTHS):
        below = _without_lengths(below)
    values = _merged(below.values, above.values, kinds or {})
    return Layer(values, {**below.origins, **above.origins}, {**below.texts, **above.texts})


def read_overrides(texts: Sequence[str], text_keys: Collection[str] = ()) -> Layer:
    """All overrides of a command line as one layer, so that their order matters only where they name one key twice.

    Args:
        texts: the overrides.
        text_keys: see `read_override`.

    Raises:
        RecipeError: see `read_override`.
    """
    return reduce(merge, (read_override(text, text_keys) for text in texts), Layer({}))


def read_override(text: str, text_keys: Collection[str] = ()) -> Layer:
    """One override, such as `loss.l1=10`, `data.path=~/pictures`, `generator.dropout_blocks=[1, 2]`.

    Nothing, or null, behind the = clears the key: its default holds again.

    Args:
        text: KEY=VALUE.
        text_keys: dotted keys whose value is text whatever YAML makes of it: `data.path=2024` is a folder.

    Raises:
        RecipeError: it has no =, its key is not words joined by dots, or its value is not YAML.
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not _DOTTED.fullmatch(key):
        raise RecipeError(f"'{text}' is not an override", "write KEY=VALUE, for example training.steps=1000")
    if key == "extends":
        raise RecipeError("'extends' cannot be an override", "name that recipe in place of this one")
    origin = Origin(f"override {text}")
    path = tuple(key.split("."))
    layer = Layer({}, {path[:length]: origin for length in range(1, len(path) + 1)})
    values = _value(value.strip(), path, key in text_keys, layer)
    for name in reversed(path):
        values = {name: values}
    return replace(layer, values=values)


def _value(text: str, path: KeyPath, is_text: bool, into: Layer) -> Any:
    where = str(into.origins[path])
    if not is_text:
        return parse_value(text, where, path, into)
    into.texts[path] = text
    try:
        value = parse_value(text, where)
    except RecipeError:
        return text
    return value if value is None or isinstance(value, str) else text


def _merged(
    below: Mapping[str, Any], above: Mapping[str, Any], kinds: Mapping[str, str], kind: str | None = None
) -> dict[str, Any]:
    was, becomes = (group.get("kind") or kind for group in (below, above))
    changes = "kind" in above and None not in (was, becomes) and was != becomes
    merged = {} if changes else dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value, {}, kinds.get(key)) if both else value  # type: ignore[arg-type]
    return merged


def _without_lengths(layer: Layer) -> Layer:
    training = layer.values.get("training")
    if not isinstance(training, Mapping):
        return layer
    kept = {key: value for key, value in training.items() if key not in LENGTHS}
    return replace(layer, values={**layer.values, "training": kept})
