"""Read YAML and remember where each key was written, so that an error can name its file and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from limner.errors import RecipeError

KeyPath = tuple[str, ...]

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Origin:
    """Where a key was written: a file and its line (from 1), or an override on the command line."""

    where: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.where}, line {self.line}" if self.line else self.where


@dataclass(frozen=True)
class Layer:
    """Part of a recipe.

    Attributes:
        values: as YAML reads them.
        origins: where each key was written.
        texts: single values as they were written: `no` is false in `values`, `1e5` is 100000.0.
    """

    values: dict[str, Any]
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)

    def origin(self, path: KeyPath) -> Origin | None:
        """Where a key, or else the nearest group around it, was written."""
        known = (path[:length] for length in range(len(path), 0, -1))
        return next((self.origins[part] for part in known if part in self.origins), None)


class RecipeLoader(yaml.SafeLoader):
    """YAML with the plain types a recipe needs. YAML 1.1 reads 2e-4 as text and 1:30 as ninety; people mean neither."""

    yaml_implicit_resolvers = {}

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            problem = "anchors and aliases (& and *) are not used in recipes"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
        node: Node | None = super().compose_node(parent, index)
        return node


class RecipeDumper(yaml.SafeDumper):
    """Writes what `RecipeLoader` reads back unchanged."""

    yaml_implicit_resolvers = {}

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> Node:
        """Escapes Unicode's rare line ends: PyYAML writes them bare in single quotes and reads them as plain ones."""
        rare = any(end in text for end in "\x85\u2028\u2029")
        return self.represent_scalar(_TAG + "str", text, style='"' if rare else None)


RecipeDumper.add_representer(str, RecipeDumper.represent_text)


_DIGITS = "-+0123456789"
_PLAIN = [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF", list("tTfFyYnNoO")),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)", list(_DIGITS)),
    (
        "float",
        r"[-+]?(?:[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf)|\.(?:nan|NaN)",
        [*_DIGITS, "."],
    ),
]
for _name, _pattern, _first in _PLAIN:
    for _class in (RecipeLoader, RecipeDumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), _first)


def read_yaml(path: Path, where: str) -> Layer:
    """The recipe in a file.

    Args:
        path: a YAML file in UTF-8.
        where: how errors name the file.

    Raises:
        RecipeError: the file is missing, unreadable, not YAML, holds a tab, a key twice, or something else than keys.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RecipeError(f"no recipe file {where}", "'limner recipes' lists the shipped recipes") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{where} is not a text file in UTF-8 (byte {error.start})", "save it as UTF-8") from None
    except OSError as error:
        raise cannot_read(where, error) from None
    return parse_yaml(text, where)


def parse_yaml(text: str, where: str) -> Layer:
    """The recipe in a text; raises as `read_yaml` does."""
    layer = Layer({})
    node = _compose(text, where)
    if not isinstance(node, MappingNode):
        raise RecipeError(
            f"{where} is empty" if node is None else f"{where} holds no keys: a recipe is lines of 'key: value'",
            "start from a shipped one: 'limner recipes show pix2pix'",
        )
    layer.values.update(_read(node, (), lambda part: Origin(where, part.start_mark.line + 1), layer))
    return layer


def parse_value(text: str, where: str, path: KeyPath = (), into: Layer | None = None) -> Any:
    """A value as it stands behind the = of an override: a plain scalar, or a list, mapping or quoted text in YAML.

    Args:
        text: the value.
        where: how errors name the override.
        path: the key that has the value.
        into: takes the origins and texts of what lies in the value.
    """
    text = text.strip()
    if text[:1] in ("[", "{", '"', "'"):
        node = _compose(text, where, lines=False)
    else:
        tag = RecipeLoader("").resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        node = ScalarNode(tag, text)
    return _read(node, path, lambda _: Origin(where), into or Layer({}))


def cannot_read(recipe: str, error: OSError) -> RecipeError:
    """The system's refusal to read a recipe, in words."""
    reason = (error.strerror or str(error)).lower()
    return RecipeError(f"{recipe} cannot be read: {reason}", "allow reading it and its folder, or name another recipe")


def _compose(text: str, where: str, lines: bool = True) -> Node | None:
    try:
        node: Node | None = yaml.compose(text, RecipeLoader)
        return node
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, where, lines) from None
    except RecursionError:
        raise RecipeError(f"{where} is nested too deeply to be a recipe") from None


def _not_yaml(error: yaml.YAMLError, text: str, where: str, lines: bool) -> RecipeError:
    mark = error.problem_mark or error.context_mark if isinstance(error, yaml.MarkedYAMLError) else None
    problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error).splitlines()[0]
    tab = _line_with_tab(text, problem or "", mark.line + 1 if mark else 0)
    if tab:
        place = Origin(where, tab if lines else None)
        return RecipeError(f"a tab stands where YAML allows only spaces ({place})", "replace the tab by spaces")
    place = Origin(where, mark.line + 1 if mark and lines else None)
    return RecipeError(f"not valid YAML: {problem} ({place})", "text with : # [ ] { } in it needs quotes around it")


def _line_with_tab(text: str, problem: str, line: int) -> int:
    """The line (from 1) of a tab that is the likely reason; 0 when there is none. YAML often complains lines later."""
    if "'\\t'" in problem:
        return line
    indents = (line[: len(line) - len(line.lstrip())] for line in text.splitlines())
    return next((number for number, indent in enumerate(indents, start=1) if "\t" in indent), 0)


def _read(node: Node | None, path: KeyPath, place_of: Callable[[Node], Origin], into: Layer) -> Any:
    if isinstance(node, MappingNode):
        return _read_mapping(node, path, place_of, into)
    if isinstance(node, SequenceNode):
        return [_read(item, path, place_of, Layer({})) for item in node.value]
    assert isinstance(node, ScalarNode)
    kind = node.tag.removeprefix(_TAG)
    if kind not in ("null", "bool", "int", "float", "str"):
        raise RecipeError(f"the tag {node.tag} is not used in recipes ({place_of(node)})", "remove it")
    into.texts[path] = node.value
    try:
        return RecipeLoader("").construct_object(node)
    except (ValueError, KeyError):
        raise RecipeError(f"'{node.value[:40]}' is not a {kind} ({place_of(node)})") from None


def _read_mapping(node: MappingNode, path: KeyPath, place_of: Callable[[Node], Origin], into: Layer) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = place_of(key_node)
        if not isinstance(key_node, ScalarNode) or key_node.tag != _TAG + "str":
            shown = f"'{key_node.value}'" if isinstance(key_node, ScalarNode) else "a list or mapping"
            raise RecipeError(f"{shown} cannot be a key ({place})", "keys are words; quote one that reads as a number")
        inner = (*path, key_node.value)
        if key_node.value in values:
            raise RecipeError(
                f"the key '{'.'.join(inner)}' stands there twice ({place}; first {into.origins[inner]})",
                "keep one of the two",
            )
        into.origins[inner] = place
        values[key_node.value] = _read(value_node, inner, place_of, into)
    return values
