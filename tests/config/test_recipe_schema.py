"""What editors and readers are told about recipes: the JSON Schema, the page, a meaning for every key."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import limner.config
from limner.config.base import Settings
from limner.config.keys import keys_of
from limner.config.load import load_recipe, recipe_text, shipped_recipes
from limner.config.methods import METHODS
from limner.config.page import recipes_page
from limner.config.schema import recipe_schema
from limner.config.source import parse_yaml

SHIPPED = shipped_recipes()
PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = recipe_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_files_satisfy_the_schema(validator: Draft202012Validator, name: str) -> None:
    validator.validate(parse_yaml(SHIPPED[name].read_text(encoding="utf-8"), name).values)
    extra = ["data.derive.kind=grey"] if load_recipe(name).method == "pix2pix" else []
    validator.validate(parse_yaml(recipe_text(load_recipe(name, ["data.path=x", *extra])), "").values)


@pytest.mark.parametrize(
    "values",
    [
        {"extends": "pix2pix", "loss": {"l1": None}, "training": None},
        {"method": "my.package:Method", "anything": {"goes": 1}},
        {"training": {"optimisers": {"generator": {"lr": 1e-4}}}},
        {"loss": {"l1": 3}},
    ],
)
def test_partial_files_satisfy_the_schema(validator: Draft202012Validator, values: dict[str, Any]) -> None:
    validator.validate(values)


@pytest.mark.parametrize(
    "values",
    [
        {"trainning": {}},
        {"training": {"stpes": 3}},
        {"loss": {"l1": "100"}},
        {"loss": {"mode": "l2"}},
        {"extends": 3},
        {"data": {"augment": {"flip": 2}}},
        {"training": {"optimisers": {"generator": {"rl": 1e-4}}}},
    ],
)
def test_faults_do_not(validator: Draft202012Validator, values: dict[str, Any]) -> None:
    assert not validator.is_valid(values)


def test_plain_yaml_readers_understand_shipped_files() -> None:
    for path in SHIPPED.values():
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


def all_settings() -> list[type[Settings]]:
    for module in pkgutil.iter_modules(limner.config.__path__):
        importlib.import_module(f"limner.config.{module.name}")
    found: list[type[Settings]] = []
    waiting = [Settings]
    while waiting:
        model = waiting.pop()
        waiting.extend(model.__subclasses__())
        if model.__module__.startswith("limner.config."):
            found.append(model)
    return found


@pytest.mark.parametrize("model", all_settings(), ids=lambda model: model.__name__)
def test_every_key_is_documented(model: type[Settings]) -> None:
    assert (model.__doc__ and model.__doc__ != Settings.__doc__) or model is Settings
    silent = [name for name, field in model.model_fields.items() if not (field.description or "").strip()]
    assert not silent, f"say in a docstring below it what {', '.join(silent)} of {model.__name__} means"


def test_an_undocumented_key_is_noticed() -> None:
    class Silent(Settings):
        """Has a key without a word."""

        spoken: int = 1
        """A word."""
        silent: int = 1

    described = {key.path: key.field.description for key in keys_of(Silent)}
    assert described == {"spoken": "A word.", "silent": None}


def test_keys_reach_into_lists_of_players_and_optional_groups() -> None:
    paths = [key.path for key in keys_of(METHODS["pix2pix"].settings)]
    assert {"schema", "data.derive.kind", "training.optimisers.NAME.lr", "loss.l1"} <= set(paths)
    keys = [(key.path, key.kind) for key in keys_of(METHODS["pix2pix"].settings)]
    assert len(keys) == len(set(keys)) and ("generator.blocks", "resnet") in keys


def test_the_page_is_up_to_date() -> None:
    page = recipes_page()
    assert PAGE.read_text(encoding="utf-8") == page, "write it anew: python -m limner.config.page docs/recipes.md"
    for method in METHODS.values():
        for key in keys_of(method.settings):
            assert f"| `{key.path}` |" in page
