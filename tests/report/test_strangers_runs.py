"""What a stranger's run folder may say without harm to who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_run import FakeRun

from limner.config.load import load_recipe, save_recipe
from limner.report.page import write_report
from limner.runs.reading import dig, read_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return FakeRun(samples=1, frames=1, steps=100).write(tmp_path / "run")


def test_a_recipe_is_read_as_recipes_are(run: Path) -> None:
    """YAML 1.1 would read 0777 as 511, 12:30:45 as 45045, and stumble over = and <<."""
    for text in ("0777", "12:30:45", "=", "<<", "2024-01-01"):
        save_recipe(load_recipe("pix2pix", [f"about.title='{text}'", f"data.path={text}"]), run / "recipe.yaml")
        found = read_run(run)
        assert (dig(found.recipe, "about.title"), dig(found.recipe, "data.path")) == (text, text)
        assert found.notes == []


def test_a_recipe_that_would_fill_the_page_is_left_out(run: Path) -> None:
    lines = ["a: &a0 [" + "x, " * 9 + "x]"] + [f"k{n}: &a{n + 1} [" + f"*a{n}, " * 9 + f"*a{n}]" for n in range(4)]
    (run / "recipe.yaml").write_text("\n".join(lines))
    written = write_report(run)
    assert any("recipe.yaml is damaged" in note and "aliases" in note for note in written.notes)
    assert written.bytes < 500_000


@pytest.mark.parametrize("opened, closed", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [100, 600, 100_000])
def test_files_nested_too_deeply_are_left_out(run: Path, opened: str, closed: str, depth: int) -> None:
    deep = opened * depth + "1" + closed * depth
    for name in ("environment.json", "data.json"):
        (run / name).write_text(f'{{"x": {deep}}}')
    for name in ("run.json", "samples/index.json"):
        document = (run / name).read_text()
        (run / name).write_text(document.replace("[", f"[{deep},", 1))
    (run / "recipe.yaml").write_text(f"x: {deep}")
    with (run / "events.jsonl").open("a") as file:
        file.write(f'{{"schema": 1, "step": 1, "event": "x", "detail": {deep}}}\n')
    notes = write_report(run).notes
    for name in ("environment.json", "data.json", "run.json", "index.json", "recipe.yaml", "events.jsonl"):
        assert any(f"{name} is damaged" in note for note in notes), name
