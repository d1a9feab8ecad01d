"""Overrides and layers keep their meaning, whatever stands in them."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from limner.config.layers import merge, read_override
from limner.config.source import Layer, RecipeDumper, parse_value, parse_yaml

scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=12)
names = st.text(st.characters(exclude_categories=["Cs", "C", "Z"], exclude_characters=".="), min_size=1, max_size=6)
trees = st.recursive(
    st.dictionaries(names, scalars, max_size=4), lambda inner: st.dictionaries(names, inner | scalars, max_size=3)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1E3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e+3", -1500.0),
        ("10", 10),
        ("-3", -3),
        ("1_000", 1000),
        ("007", "007"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", "0x10"),
        ("true", True),
        ("off", False),
        ("none", "none"),
        ("null", None),
        ("~", None),
        ("", None),
        ("  3 ", 3),
        ("~/x", "~/x"),
        ("a: b", "a: b"),
        ("a #b", "a #b"),
        ("C:\\pictures", "C:\\pictures"),
        ("*.png", "*.png"),
        ("'3'", "3"),
        ('""', ""),
        ("[1, 2e-4, a]", [1, 2e-4, "a"]),
        ("{lr: 1e-4}", {"lr": 1e-4}),
    ],
)
def test_values_of_overrides(text: str, value: Any) -> None:
    found = parse_value(text, "here")
    assert found == value
    assert type(found) is type(value)
    assert read_override(f"a.b={text}").values == {"a": {"b": value}}


@given(st.lists(scalars, max_size=4))
@example(["\x85", "a\u2028b", "\u2029", "2e-4", "~", "1:30", "off", ""])
def test_any_list_survives_an_override(values: list[Any]) -> None:
    text = yaml.dump(values, Dumper=RecipeDumper, default_flow_style=True, width=10**6, allow_unicode=True)
    assert parse_value(text, "here") == values


@given(trees)
@example({"a": {"b": "\x85", "c": "x\u2028\u2029y"}, "2e-4": "007"})
def test_any_tree_survives_writing(tree: dict[str, Any]) -> None:
    text = yaml.dump(tree, Dumper=RecipeDumper, sort_keys=False, allow_unicode=True)
    assert parse_yaml(text, "here").values == tree


@given(st.lists(names, min_size=1, max_size=4), st.integers())
def test_dotted_keys_nest(path: list[str], value: int) -> None:
    found: Any = read_override(f"{'.'.join(path)}={value}" if path != ["extends"] else "a=0").values
    for name in path if path != ["extends"] else ["a"]:
        found = found[name]
    assert found == (value if path != ["extends"] else 0)


@given(trees, trees, trees)
def test_merging_is_associative_and_the_upper_layer_wins(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    one, two, three = Layer(a), Layer(b), Layer(c)
    assert merge(merge(one, two), two).values == merge(one, two).values
    assert merge(Layer({}), one).values == a == merge(one, Layer({})).values
    merged = merge(merge(one, two), three).values
    for key, value in c.items():
        if not isinstance(value, dict):
            assert merged[key] == value
    for key in {*a, *b} - {*c}:
        assert merged[key] == merge(one, two).values[key]


def test_merging_leaves_its_layers_alone() -> None:
    below = Layer({"training": {"steps": 3, "batch": 2}})
    merge(below, Layer({"training": {"epochs": 4}}))
    assert below.values == {"training": {"steps": 3, "batch": 2}}


def test_clearing_one_length_keeps_the_others() -> None:
    merged = merge(Layer({"training": {"steps": 3}}), Layer({"training": {"epochs": None}}))
    assert merged.values == {"training": {"steps": 3, "epochs": None}}


@pytest.mark.parametrize(
    ("below", "above", "merged"),
    [
        ({"levels": 8}, {"kind": "b"}, {"kind": "b"}),
        ({"levels": 8}, {"kind": "a"}, {"levels": 8, "kind": "a"}),
        ({"levels": 8}, {"levels": 7}, {"levels": 7}),
        ({"kind": "b", "x": 1}, {"x": 2}, {"kind": "b", "x": 2}),
        ({"kind": "b", "x": 1}, {"kind": "a"}, {"kind": "a"}),
        ({"kind": "b", "x": 1}, {"kind": None}, {"kind": None}),
        ({"kind": None, "x": 1}, {"kind": "b", "y": 2}, {"kind": "b", "y": 2}),
    ],
)
def test_a_group_that_does_not_say_its_kind_is_of_the_default(
    below: dict[str, Any], above: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert merge(Layer({"group": below}), Layer({"group": above}), {"group": "a"}).values == {"group": merged}


def test_lines_count_from_one() -> None:
    layer = parse_yaml("a: 1\n\nb:\n  c: 2\n", "file")
    assert str(layer.origin(("b", "c"))) == "file, line 4"
    assert str(layer.origin(("b", "unheard"))) == "file, line 3"
    assert layer.origin(("unheard",)) is None
