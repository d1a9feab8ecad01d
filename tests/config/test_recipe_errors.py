"""What is wrong in a recipe is said once: which key, which value, which file and line, and what to write instead."""

import os
from pathlib import Path
from typing import Any

import pytest

from limner.config.load import load_recipe
from limner.errors import RecipeError

START = "extends: pix2pix-facades\n"


def error_of(text: str, tmp_path: Path, *overrides: str) -> RecipeError:
    file = tmp_path / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(file, overrides)
    return caught.value


def override_error(*overrides: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        load_recipe("pix2pix-facades", overrides)
    return caught.value


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_typo_names_key_line_and_nearest(tmp_path: Path) -> None:
    error = error_of(START + "training:\n  epochs: 3\n\n  # a comment\n  stpes: 10\n", tmp_path)
    assert error.message == "unknown key 'training.stpes' (recipe.yaml, line 6)"
    assert error.tip == "a similar key exists: 'training.steps'"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("steps", "training.steps"),
        ("lr", "training.optimiser.lr"),
        ("los.l1", "loss.l1"),
        ("loss.L1", "loss.l1"),
        ("data.sise", "data.size"),
        ("data.augmentation.flip", "data.augment.flip"),
        ("generator.dropout_block", "generator.dropout_blocks"),
        ("training.optimizer.lr", "training.optimiser.lr"),
        ("discriminator.base_chanels", "discriminator.base_channels"),
        ("data.derive.knd", "data.derive.kind"),
    ],
)
def test_nearest_spelling(wrong: str, right: str) -> None:
    overrides = [f"{wrong}=1"] + (["data.derive.kind=edges"] if "derive" in wrong else [])
    error = override_error(*overrides)
    assert error.message.startswith(f"unknown key '{wrong.split('.')[0]}")
    assert f"(override {wrong}=1)" in error.message
    # A wrong group is refused as a whole: its name is what there is to mend.
    assert error.tip in (f"a similar key exists: '{right}'", f"a similar key exists: '{right.rpartition('.')[0]}'")


def test_nothing_similar_still_gives_a_way_on() -> None:
    assert "limner recipes show" in (override_error("qqqqqqqq=1").tip or "")


def test_the_parent_is_named_for_what_the_parent_says(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(START + "data:\n  sise: 3\n", encoding="utf-8")
    error = error_of("extends: parent.yaml\nseed: 4\ndata:\n  size: 256\n", tmp_path)
    assert error.message == "unknown key 'data.sise' (parent.yaml, line 3)"


def test_the_override_is_named_when_it_won(tmp_path: Path) -> None:
    assert "(override loss.l1=abc)" in error_of(START + "loss: {l1: 3}\n", tmp_path, "loss.l1=abc").message


@pytest.mark.parametrize(
    ("text", "message", "tip"),
    [
        ('loss:\n  l1: "100"\n', "'loss.l1' must be a number, not '100' (recipe.yaml, line 3)", "loss.l1: 100"),
        ("loss:\n  l1: ten\n", "'loss.l1' must be a number, not 'ten' (recipe.yaml, line 3)", "lambda"),
        ("loss:\n  l1: true\n", "'loss.l1' must be a number, not true (recipe.yaml, line 3)", "lambda"),
        ("loss:\n  l1: -1\n", "'loss.l1' must be at least 0, not -1 (recipe.yaml, line 3)", "lambda"),
        ("loss:\n  l1: .inf\n", "'loss.l1' must be a finite number, not .inf (recipe.yaml, line 3)", "lambda"),
        ("seed: 1.5\n", "'seed' must be a whole number, not 1.5 (recipe.yaml, line 2)", "random"),
        ("seed: 007\n", "'seed' must be a whole number, not '007' (recipe.yaml, line 2)", "random"),
        ("precision: fp16\n", "'precision' must be 'fp32' or 'bf16', not 'fp16' (recipe.yaml, line 2)", "'bf16'"),
        ("tracking: tensorbord\n", "'tensorbord'", "a similar value exists: 'tensorboard'"),
        ("device: gpu\n", "'device' cannot be 'gpu' (recipe.yaml, line 2)", "cuda"),
        ("training: {time: 1:30}\n", "'training.time' cannot be '1:30' (recipe.yaml, line 2)", "90s"),
        ("loss: 3\n", "'loss' must be a group of keys, not 3 (recipe.yaml, line 2)", "minimised"),
        ("data: {path: 2024}\n", "'data.path' must be a path, not 2024 (recipe.yaml, line 2)", 'data.path: "2024"'),
        ("data: {path: no}\n", "'data.path' must be a path, not false (recipe.yaml, line 2)", 'data.path: "no"'),
        ("data: {path: 1e5}\n", "'data.path' must be a path, not 100000.0 (recipe.yaml, l", 'data.path: "1e5"'),
        ("training: {time: 5}\n", "'training.time' must be text, not 5 (recipe.yaml, line 2)", "a unit: 5s, 5m or 5h"),
        ("training: {time: '5'}\n", "'training.time' cannot be '5' (recipe.yaml, line 2)", "a unit: 5s, 5m or 5h"),
        ("device: 0\n", "'device' must be text, not 0 (recipe.yaml, line 2)", "cuda:0; auto takes"),
        (
            "generator:\n  dropout_blocks: [1, two]\n",
            "'generator.dropout_blocks[1]' must be a whole number, not 'two' (recipe.yaml, line 3)",
            "innermost",
        ),
        (
            "training: {optimiser: {betas: [0.5, '0.9']}}\n",
            "'training.optimiser.betas[1]' must be a number, not '0.9' (recipe.yaml, line 2)",
            "without quotes",
        ),
        (
            "training: {optimiser: {betas: [0.5]}}\n",
            "'training.optimiser.betas' has too few values (recipe.yaml, line 2)",
            "decay rates",
        ),
        ("data: {derive: {strength: 2}}\n", "the key 'data.derive.kind' is missing (recipe.yaml, line 2)", "edges"),
    ],
)
def test_wrong_value(tmp_path: Path, text: str, message: str, tip: str) -> None:
    error = error_of(START + text, tmp_path)
    assert message in error.message
    assert tip in (error.tip or error.message)
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("override", "message", "tip"),
    [
        ("training.time=5", "'training.time' cannot be '5'", "give it a unit: 5s, 5m or 5h"),
        ("device=0", "'device' cannot be '0'", "cuda:0"),
        ("data.fit=no", "'data.fit' must be 'stretch' or 'crop', not 'no'", "largest central square"),
        ("seed='\"3\"'", "'seed' must be a whole number, not", "random"),
        ('seed="3"', "'seed' must be a whole number, not '3'", "write it without quotes: seed: 3"),
        ("data={path: no}", "'data.path' must be a path, not false (override data={path: no})", 'data.path: "no"'),
    ],
)
def test_wrong_value_of_an_override(override: str, message: str, tip: str) -> None:
    error = override_error(override)
    assert message in error.message and f"(override {override})" in error.message
    assert tip in (error.tip or "")


def test_a_default_that_waits_on_a_wrong_key_is_no_problem(tmp_path: Path) -> None:
    """`generator.dropout_blocks` by default depends on `generator.levels`."""
    error = error_of("method: pix2pix\ntraining: {steps: 3}\n", tmp_path, "generator.levels=1")
    assert error.message == "'generator.levels' must be at least 2, not 1 (override generator.levels=1)"


@pytest.mark.parametrize("between", ["extends: pix2pix\nseed: 4\n", "extends: pix2pix\nmethod: pix2pix\n"])
def test_a_parent_of_another_method_is_said_once(tmp_path: Path, between: str) -> None:
    (tmp_path / "between.yaml").write_text(between, encoding="utf-8")
    error = error_of("extends: between.yaml\nmethod: cyclegan\n", tmp_path)
    assert error.message == (
        "between.yaml is a recipe of pix2pix, which a recipe of cyclegan cannot extend (recipe.yaml, line 2)"
    )
    assert (error.tip or "").startswith("start from a recipe of cyclegan: cyclegan-")
    assert "pix2pix" not in (error.tip or "")


def test_a_method_that_is_overridden_is_said_once() -> None:
    error = override_error("method=cut")
    assert error.message == (
        "pix2pix-facades is a recipe of pix2pix, which a recipe of cut cannot extend (override method=cut)"
    )
    assert "cut-horse2zebra" in (error.tip or "")


def test_a_parent_of_another_method_may_hold_what_all_share(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("method: pix2pix\ntraining: {steps: 3}\n", encoding="utf-8")
    text = "extends: shared.yaml\nmethod: cyclegan\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert load_recipe("mine.yaml").method == "cyclegan"
    assert error_of(text + "sed: 4\n", tmp_path).message == "unknown key 'sed' (recipe.yaml, line 3)"


def test_the_group_of_an_unknown_key_is_no_similar_key(tmp_path: Path) -> None:
    error = error_of("extends: cyclegan-quickstart\nloss: {mode: l1}\n", tmp_path)
    assert error.message == "unknown key 'loss.mode' (recipe.yaml, line 2)"
    assert error.tip == "'limner recipes show cyclegan-cityscapes' shows all keys"


def test_every_problem_gets_its_line(tmp_path: Path) -> None:
    error = error_of(START + "sed: 3\nloss:\n  l1: many\n", tmp_path)
    assert sorted(error.message.splitlines()) == [
        "'loss.l1' must be a number, not 'many' (recipe.yaml, line 4)",
        "unknown key 'sed' (recipe.yaml, line 2)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training:\n\tsteps: 3\n", "a tab stands where YAML allows only spaces (recipe.yaml, line 3)"),
        ("training:\n  \tsteps: 3\n  epochs: 4\n", "a tab stands where YAML allows only spaces (recipe.yaml, line 3)"),
        (
            "seed: 3\ndata: {}\nseed: 4\n",
            "the key 'seed' stands there twice (recipe.yaml, line 4; first recipe.yaml, l",
        ),
        ("loss:\n  l1: 3\n  l1: 4\n", "the key 'loss.l1' stands there twice (recipe.yaml, line 4"),
        ("seed:\t3\n", "a tab stands where YAML allows only spaces (recipe.yaml, line 2)"),
        ("loss: [1\n", "not valid YAML"),
        ("title: a: b\n", "not valid YAML: mapping values are not allowed here (recipe.yaml, line 2)"),
        ("a: &x 1\nb: *x\n", "anchors and aliases (& and *) are not used in recipes (recipe.yaml, line 3)"),
        ("seed: !!python/object/apply:os.getcwd []\n", "must be a whole number, not []"),
        ("seed: !!python/name:os.getcwd x\n", "the tag tag:yaml.org,2002:python/name:os.getcwd is not used"),
        ("seed: !!int x\n", "'x' is not a int (recipe.yaml, line 2)"),
        ("1: 2\n", "'1' cannot be a key (recipe.yaml, line 2)"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("extends: 3\n", "the key 'extends' stands there twice"),
    ],
)
def test_yaml_that_is_no_recipe(tmp_path: Path, text: str, message: str) -> None:
    error = error_of(START + text, tmp_path)
    assert message in error.message


def test_a_tab_in_text_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(START + "about: {title: 'a\tb'}  # three\t\n", encoding="utf-8")
    assert load_recipe(tmp_path / "recipe.yaml").about.title == "a\tb"


def test_utf8_mark_and_windows_lines_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_bytes(b"\xef\xbb\xbfextends: pix2pix-facades\r\nseed: 3\r\n")
    assert load_recipe(tmp_path / "recipe.yaml").seed == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "recipe.yaml is empty"),
        (b"- a\n- b\n", "recipe.yaml holds no keys"),
        (b"pix2pix", "recipe.yaml holds no keys"),
        (b"\xff\xd8\xff\xe0", "recipe.yaml is not a text file in UTF-8"),
        (b"a: \x00\n", "not valid YAML"),
        (b"a: " + b"[" * 5000, "nested too deeply"),
        (b"seed: 3\n", "recipe.yaml does not say its method"),
        (b"method: 3\n", "'method' must be text"),
        (b"method: pix2pix\n", "the key 'training' is missing"),
        (b"schema: 2\nmethod: pix2pix\n", "format 2; this limner knows formats up to 1"),
        (b"extends: [a, b]\n", "'extends' must be the name or the file of one recipe, not ['a', 'b'] (recipe.yaml, li"),
        (b"extends: pix2pics\n", "unknown recipe 'pix2pics' (recipe.yaml, line 1)"),
        (b"seed: 3\nextends: gone.yaml\n", "no recipe file gone.yaml (recipe.yaml, line 2)"),
        (b"seed: " + b"9" * 5000 + b"\nextends: pix2pix\n", "is not a int"),
    ],
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "recipe.yaml").write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "recipe.yaml")
    assert message in caught.value.message


def test_circles_are_refused_by_name(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {parent}.yaml\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"in a circle: b\.yaml -> c\.yaml -> b\.yaml"):
        load_recipe("a.yaml")


def test_a_circle_across_folders_is_refused(tmp_path: Path) -> None:
    for name, parent in (("a/x", "../b/y"), ("b/y", "../a/x")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.yaml").write_text(f"extends: {parent}.yaml\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"in a circle: x\.yaml -> y\.yaml -> x\.yaml"):
        load_recipe("a/x.yaml")


@pytest.mark.parametrize(
    ("recipe", "message", "tip"),
    [
        (None, "no recipe given", "quickstart"),
        ("pix2pix-facade", "unknown recipe 'pix2pix-facade'", "'pix2pix-facades'"),
        ("zzz", "unknown recipe 'zzz'", "quickstart"),
        ("zzz.yaml", "no recipe file zzz.yaml", "limner recipes"),
        ("runs/zzz", "no recipe file", "limner recipes"),
        (Path("pix2pix"), "no recipe file pix2pix", "limner recipes"),
        (".", "holds no recipe.yaml", "run folder"),
    ],
)
def test_recipes_that_are_not_there(recipe: str | Path | None, message: str, tip: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe)
    assert message in caught.value.message
    assert tip in (caught.value.tip or "")


@pytest.mark.parametrize("recipe", ["closed.yaml", "closed/mine.yaml", "closed", "run", "mine.yaml"])
def test_a_recipe_that_may_not_be_read(tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("closed", "run"):
        (tmp_path / folder).mkdir()
    for file in ("closed.yaml", "run/recipe.yaml"):
        (tmp_path / file).write_text(START, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("extends: closed/mine.yaml\n", encoding="utf-8")
    read_text, stat = Path.read_text, Path.stat

    def refused(path: Path, *args: Any, **options: Any) -> str:
        if path.name in ("closed.yaml", "recipe.yaml"):
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, *args, **options)

    def closed(path: Path, **options: Any) -> os.stat_result:
        if "closed" in path.parent.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "read_text", refused)
    monkeypatch.setattr(Path, "stat", closed)
    with pytest.raises(RecipeError, match="cannot be read: permission denied") as caught:
        load_recipe(recipe)
    assert caught.value.tip == "allow reading it and its folder, or name another recipe"


@pytest.mark.parametrize("override", ["seed", "=3", ".seed=3", "loss..l1=3", "loss. l1=3", "extends=quickstart"])
def test_words_that_are_no_override(override: str) -> None:
    error = override_error(override)
    assert override in error.message or "extends" in error.message
    assert error.tip


@pytest.mark.parametrize("value", ["[1", '"a', "{a: 1", "[*a]"])
def test_override_that_is_not_yaml(value: str) -> None:
    error = override_error(f"seed={value}")
    assert f"(override seed={value})" in error.message
    assert "line" not in error.message.rsplit("(", 1)[1]
