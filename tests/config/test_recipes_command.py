"""`limner recipes`: a list, one recipe in full, the schema."""

import json

import pytest
from typer.testing import CliRunner

from limner.cli.recipes import app
from limner.config.load import load_recipe, shipped_recipes
from limner.config.schema import recipe_schema
from limner.config.source import parse_yaml
from limner.errors import RecipeError


def output(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_list_names_every_recipe() -> None:
    text = output()
    for name in shipped_recipes():
        assert f"{name} " in text
        assert load_recipe(name).about.title in text


def test_json_is_one_document() -> None:
    recipes = json.loads(output("--json"))
    assert set(shipped_recipes()) <= {recipe["name"] for recipe in recipes}
    for recipe in recipes:
        assert {"schema", "name", "title", "method", "paper", "command", "time", "expected", "path"} == set(recipe)
        assert recipe["schema"] == 1


def test_show_prints_a_recipe_that_loads() -> None:
    text = output("show", "quickstart", "loss.l1=3")
    values = parse_yaml(text, "shown").values
    assert values["loss"]["l1"] == 3.0
    assert values == load_recipe("quickstart", ["loss.l1=3"]).model_dump(mode="json", by_alias=True)


def test_schema_is_the_schema() -> None:
    assert json.loads(output("schema")) == recipe_schema()


def test_unknown_name_is_an_error_with_a_tip() -> None:
    with pytest.raises(RecipeError, match="quickstrat"):
        output("show", "quickstrat")
