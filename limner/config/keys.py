"""Walk the settings models: which dotted keys exist, of what kind, what they mean, which one a misspelling meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Discriminator
from pydantic.fields import FieldInfo

from limner.config.base import Settings


@dataclass(frozen=True)
class Key:
    """One key of a recipe.

    Attributes:
        path: dotted, as in an override; NAME stands for a name of one's own (a player).
        owner: the model that has it.
        field: its type, default and description.
        kind: the `kind` of the group that has it, where the group may be of several kinds.
    """

    path: str
    owner: type[Settings]
    field: FieldInfo
    kind: str = ""

    @property
    def groups(self) -> list[type[Settings]]:
        """The models whose keys lie beneath this one; empty for a plain value."""
        return models_in(self.field.annotation) or models_in(named_in(self.field.annotation))


def keys_of(model: type[Settings], prefix: str = "", kind: str = "") -> Iterator[Key]:
    """All keys of a settings model, groups before what lies in them, in the order of the source."""
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        key = Key(path, model, field, kind)
        yield key
        inner = f"{path}.NAME." if named_in(field.annotation) is not None else f"{path}."
        for group in key.groups:
            yield from keys_of(group, inner, group.model_fields["kind"].default if len(key.groups) > 1 else kind)


def text_keys(model: type[Settings]) -> set[str]:
    """The dotted keys whose value is text, a path or one of several words, in every group that may have them."""
    keys = list(keys_of(model))
    return {key.path for key in keys} - {key.path for key in keys if not _is_text(key.field.annotation)}


def default_kinds(model: type[Settings]) -> dict[str, str]:
    """For each group that may be of several kinds, the one that it is of where the key `kind` is not said."""
    return {
        field.alias or name: str(choice.discriminator({}))
        for name, field in model.model_fields.items()
        for choice in field.metadata
        if isinstance(choice, Discriminator) and callable(choice.discriminator)
    }


def without_cleared(values: Mapping[str, Any], model: type[Settings]) -> dict[str, Any]:
    """The values less each null where the model has no use for one, so that the default holds there again."""
    kept: dict[str, Any] = {}
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    kinds = default_kinds(model)
    for key, value in values.items():
        annotation = fields[key].annotation if key in fields else None
        if value is None and key in fields and NoneType not in _members(annotation):
            continue
        named = named_in(annotation)
        if isinstance(value, Mapping) and named is not None:
            kept[key] = {name: _group_without_cleared(item, named) for name, item in value.items() if item is not None}
        else:
            kept[key] = _group_without_cleared(value, annotation, kinds.get(key))
    return kept


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The most similar valid word, or None when none is similar."""
    return _best([(_similarity(word, other), other) for other in valid])


def nearest_key(key: str, valid: Iterable[str]) -> str | None:
    """The most similar valid dotted key, or None. A right name in the wrong group (`steps`) finds `training.steps`."""
    name = key.rpartition(".")[2]
    scores = []
    for other in valid:
        last = other.rpartition(".")[2]
        # The whole path tells twins apart; the last name alone may be all that somebody remembers.
        whole = _similarity(key, other)
        scores.append((max(whole, 0.95 * _similarity(name, last)) + 1e-3 * whole, other))
    return _best(scores)


def models_in(annotation: Any) -> list[type[Settings]]:
    """The settings models that an annotation admits."""
    return [member for member in _members(annotation) if isinstance(member, type) and issubclass(member, Settings)]


def named_in(annotation: Any) -> Any:
    """What the values are when the annotation is `dict[str, ...]`, else None."""
    mappings = [member for member in _members(annotation) if get_origin(member) is dict]
    return get_args(mappings[0])[1] if mappings else None


def _group_without_cleared(value: Any, annotation: Any, kind: str | None = None) -> Any:
    models = models_in(annotation)
    if not isinstance(value, Mapping) or not models:
        return value
    return without_cleared(value, _chosen(value, models, kind))


def _chosen(value: Mapping[str, Any], models: list[type[Settings]], kind: str | None) -> type[Settings]:
    """Of several models, the one that the key `kind` names, else the one of `kind`."""
    kinds = {model.model_fields["kind"].default: model for model in models if "kind" in model.model_fields}
    return kinds.get(value.get("kind") or kind, models[0])


def _is_text(annotation: Any) -> bool:
    return all(
        member in (str, Path, NoneType)
        or (get_origin(member) is Literal and all(isinstance(word, str) for word in get_args(member)))
        for member in _members(annotation)
    )


def _members(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [part for member in get_args(annotation) for part in _members(member)]
    return [annotation]


def _best(scores: list[tuple[float, str]]) -> str | None:
    score, word = max(scores, default=(0.0, ""))
    return word if score > 0.65 else None


def _similarity(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()
