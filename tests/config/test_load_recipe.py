"""Recipes by name, file, run folder and plug-in; extends, overrides, and writing them back."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import limner
from limner.config.load import list_recipes, load_recipe, recipe_differences, save_recipe, shipped_recipes
from limner.config.methods import METHODS, method_class
from limner.config.pix2pix import Pix2PixRecipe
from limner.errors import RecipeError, RunError

SHIPPED = sorted(shipped_recipes())


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("mode", ["l1", "cgan", "l1+cgan"])
@pytest.mark.parametrize("augment", ["true", "false"])
@pytest.mark.parametrize("name", [name for name in SHIPPED if load_recipe(name).method == "pix2pix"])
def test_every_shipped_recipe_runs_in_every_mode(name: str, mode: str, augment: str) -> None:
    recipe = load_recipe(name, [f"loss.mode={mode}", "loss.l1=12.5", f"data.augment.enabled={augment}"])
    assert isinstance(recipe, Pix2PixRecipe)
    assert (recipe.loss.mode, recipe.loss.l1) == (mode, 12.5)
    assert recipe.data.augment.enabled is (augment == "true")


@pytest.mark.parametrize("name", SHIPPED)
def test_header_says_what_about_says(name: str) -> None:
    text = shipped_recipes()[name].read_text(encoding="utf-8")
    header = [line for line in text.splitlines() if line.startswith("#")]
    about = load_recipe(name).about
    for field in ("paper", "command", "time", "expected"):
        lines = [line for line in header if line.startswith(f"# {field}:")]
        assert lines, f"the header of {name} has no {field}"
        assert getattr(about, field) in lines[0]
    assert about.title


def test_the_study_is_the_study() -> None:
    recipe = load_recipe("pix2pix-facades")
    assert isinstance(recipe, Pix2PixRecipe)
    assert (recipe.seed, recipe.data.direction, recipe.data.size, recipe.generator.levels) == (21, "BtoA", 256, 8)
    assert (recipe.training.batch, recipe.training.epochs, recipe.training.schedule.kind) == (1, 200, "constant")
    assert (recipe.loss.mode, recipe.loss.l1, recipe.loss.adversarial) == ("l1+cgan", 100, "bce")
    assert recipe.generator.dropout_blocks == [1, 2, 3, 4]
    night = load_recipe("pix2pix-day2night")
    assert (night.training.batch, night.training.epochs, night.data.direction) == (4, 17, "AtoB")


def test_list_names_every_shipped_recipe() -> None:
    summaries = {summary.name: summary for summary in list_recipes()}
    assert set(SHIPPED) <= set(summaries)
    assert summaries["quickstart"].method == "pix2pix"
    assert summaries["quickstart"].command == "limner quickstart"


def test_chain_of_files_merges_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    write(tmp_path / "base" / "one.yaml", "extends: pix2pix-facades\nloss: {l1: 50}\ntraining: {optimiser: {lr: 3e-4}}")
    child = write(tmp_path / "two.yml", "extends: base/one.yaml\nloss:\n  mode: l1\n")
    recipe = load_recipe(child)
    assert isinstance(recipe, Pix2PixRecipe)
    assert (recipe.loss.l1, recipe.loss.mode) == (50, "l1")
    assert (recipe.training.optimiser.lr, recipe.training.optimiser.betas) == (3e-4, (0.5, 0.999))


def test_which_keys_hold_text(my_method: Path) -> None:
    words = ["about.title=2024", "training.best=on", "data.cache=null", "label=1", "method=my_method_for_tests:Mine"]
    recipe = load_recipe(my_method, words)
    assert (recipe.about.title, recipe.training.best, recipe.data.cache) == ("2024", "on", "auto")
    assert recipe.model_dump()["label"] == "1"


def test_run_folder_and_its_file_repeat_the_run(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", ["data.path=pictures", "training.optimisers.discriminator.lr=1e-5"])
    save_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path) == recipe
    assert load_recipe(str(tmp_path / "recipe.yaml")) == recipe
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.yaml"]
    lines = (tmp_path / "recipe.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["schema: 1", "about:"]


def test_save_into_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"recipe\.yaml"):
        save_recipe(load_recipe("quickstart"), tmp_path / "nowhere" / "recipe.yaml")


@settings(max_examples=25)
@given(
    title=st.text(max_size=40),
    path=st.text(st.characters(exclude_characters="\0~", exclude_categories=["Cs"]), min_size=1, max_size=20),
    l1=st.floats(0, allow_nan=False, allow_infinity=False),
    lr=st.floats(0, exclude_min=True, allow_nan=False, allow_infinity=False),
    seed=st.integers(0, 2**63 - 1),
    blocks=st.lists(st.integers(1, 7), max_size=4),
)
def test_a_saved_recipe_loads_equal(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    path: str,
    l1: float,
    lr: float,
    seed: int,
    blocks: list[int],
) -> None:
    values = load_recipe("pix2pix").model_dump(by_alias=True)
    values["about"]["title"], values["data"]["path"], values["seed"] = title, Path(path), seed
    values["loss"]["l1"], values["generator"]["dropout_blocks"] = l1, blocks
    values["training"]["optimisers"] = {"generator": {"lr": lr}}
    recipe = Pix2PixRecipe.model_validate(values)
    file = tmp_path_factory.mktemp("saved") / "recipe.yaml"
    save_recipe(recipe, file)
    assert load_recipe(file) == recipe


def test_differences_name_dotted_keys() -> None:
    a = load_recipe("pix2pix-facades")
    b = load_recipe("pix2pix-facades", ["data.derive.kind=edges", "loss.l1=10", "about.title=mine"])
    assert recipe_differences(a, a) == []
    assert recipe_differences(a, b) == [
        ("loss.l1", 100.0, 10.0),
        ("data.derive.kind", None, "edges"),
        ("data.derive.strength", None, 1.0),
    ]


def test_recipes_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_recipe("quickstart").seed = 3  # type: ignore[misc]


METHOD = """
from typing import ClassVar
from limner.config.base import Settings
from limner.config.recipe import Recipe

class MyRecipe(Recipe):
    strength: float | None = 2.0
    label: str = ""

class Mine:
    recipe: ClassVar[type[Recipe]] = MyRecipe

class Bare:
    pass
"""


@pytest.fixture
def my_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "my_method_for_tests.py", METHOD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_method_for_tests", raising=False)
    return write(tmp_path / "mine.yaml", "method: my_method_for_tests:Mine\ntraining: {steps: 3}\nstrength: 5\n")


def test_a_method_by_import_path_brings_its_own_settings(my_method: Path, tmp_path: Path) -> None:
    recipe = load_recipe(my_method, ["strength=null"])
    assert type(recipe).__name__ == "MyRecipe"
    assert recipe.model_dump()["strength"] is None
    save_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("my_method_for_tests:Bare", "does not say which settings"),
        ("my_method_for_tests:Nothing", "has no class 'Nothing'"),
        ("no_such_module:Mine", "no module named 'no_such_module'"),
        ("pix2pics", "unknown method 'pix2pics'"),
    ],
)
def test_a_method_that_is_not_there(my_method: Path, method: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(my_method, [f"method={method}"])
    assert caught.value.tip


@pytest.mark.parametrize(
    ("trusted", "module", "run"),
    [
        ("", "my_method_for_tests", False),
        ("my_method", "my_method_for_tests", False),
        ("my_method_for_tests.sub", "my_method_for_tests", False),
        ("my_method_for_tests", "my_method_for_tests", True),
        ("x, my_method_for_tests ,", "my_method_for_tests", True),
        ("my_method_for_tests", "my_method_for_tests.sub", True),
    ],
)
def test_a_stranger_s_recipe_imports_only_what_is_trusted(
    my_method: Path, trusted: str, module: str, run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMNER_METHODS", trusted)
    said = "no module named" if module.endswith("sub") else "has no class"
    with pytest.raises(RecipeError, match=said if run else f"'{module}' would have to be run") as caught:
        load_recipe(my_method, [f"method={module}:Nothing"], trusted=False)
    assert caught.value.tip
    assert ("my_method_for_tests" in sys.modules) is run


def plug_in(folder: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    package = folder / "plug_in_for_tests"
    (package / "more").mkdir(parents=True)
    write(package / "__init__.py", "from pathlib import Path\nFOLDER = Path(__file__).parent / 'more'\n")
    write(package / "mine.yaml", "extends: quickstart\nabout: {title: mine}\n")
    write(package / "quickstart.yaml", "extends: pix2pix\n")
    write(package / "more" / "yours.yaml", "extends: pix2pix\nseed: 99\n")
    (folder / "plug_in_for_tests-1.dist-info").mkdir()
    write(folder / "plug_in_for_tests-1.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    write(folder / "plug_in_for_tests-1.dist-info" / "entry_points.txt", f"[limner.recipes]\nx = {target}\n")
    monkeypatch.delitem(sys.modules, "plug_in_for_tests", raising=False)
    monkeypatch.syspath_prepend(folder)


def test_plug_in_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(tmp_path, monkeypatch, "plug_in_for_tests")
    assert load_recipe("mine").about.title == "mine"
    assert load_recipe("quickstart").data.size == 64, "a plug-in must not replace a shipped recipe"
    assert "mine" in [summary.name for summary in list_recipes()]


def test_plug_in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(tmp_path, monkeypatch, "plug_in_for_tests:FOLDER")
    assert load_recipe("yours").seed == 99


def test_broken_plug_in_is_logged_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plug_in(tmp_path, monkeypatch, "plug_in_for_tests:MISSING")
    assert load_recipe("quickstart").data.size == 64
    assert "plug-in 'x'" in caplog.text


def test_settings_need_no_torch() -> None:
    code = (
        "import sys, limner.config.page as page; page.recipes_page();"
        "from limner.config.load import load_recipe; load_recipe('quickstart', ['seed=1']);"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    path = os.pathsep.join([str(Path(limner.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})


@pytest.mark.parametrize("name", [name for name in SHIPPED if "# Try:" in shipped_recipes()[name].read_text("utf-8")])
def test_what_a_header_says_to_try_can_be_tried(name: str) -> None:
    (line,) = re.findall(r"# Try: +(.*)", shipped_recipes()[name].read_text(encoding="utf-8"))
    attempts = [re.findall(r"[\w.]+=(?:\[.*?\]|[^\s,;]+)", attempt) for attempt in re.split(r"; |, (?=[a-z.]+=)", line)]
    assert all(attempts), f"nothing to try in a part of: {line}"
    for words in attempts:
        assert load_recipe(name, words) != load_recipe(name)


def test_a_shipped_method_needs_nobodys_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, shipped in METHODS.items():
        monkeypatch.delitem(sys.modules, shipped.path.partition(":")[0], raising=False)
        found = method_class(name, trusted=False)
        assert getattr(found, "recipe", None) is shipped.settings
