"""The sample images of a run: what is declared comes back, and no path leads out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from limner.errors import RunError
from limner.runs.folder import RunFolder
from limner.runs.samples import (
    Column,
    SampleGroup,
    SampleIndex,
    SampleRow,
    at_step,
    cut_samples,
    find_image,
    grid_path,
    newest_grid,
    read_index,
    read_ranked,
    sample_steps,
    write_index,
    write_ranked,
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def index(*paths: str, step: int | None = None) -> SampleIndex:
    rows = [SampleRow(name=f"{number:02d}", title="one", images={"output": path}) for number, path in enumerate(paths)]
    group = SampleGroup(key="val", title="Validation", split="val", columns=[Column(key="output", title="")], rows=rows)
    return SampleIndex(step=step, groups=[group])


def touch(run: RunFolder, path: str) -> Path:
    file = run.samples / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_what_is_written_comes_back(run: RunFolder) -> None:
    assert read_index(run) is None and read_ranked(run) is None
    followed, ranked = index("step-{step}/a.png"), index("validation/best-0.png", step=100)
    write_index(run, followed)
    write_ranked(run, ranked)
    assert (read_index(run), read_ranked(run)) == (followed, ranked)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x.png", "a/../../x.png", "a//x.png", "./x.png", "C:/x.png", "a\\x.png", "a\x00.png"]
)
def test_a_path_never_leads_out(path: str) -> None:
    with pytest.raises(ValidationError, match="below samples/"):
        index(path)


def test_names_are_unique() -> None:
    (group,) = index("a.png").groups
    for double in ({"rows": group.rows * 2}, {"columns": group.columns * 2}):
        with pytest.raises(ValidationError, match="is there twice"):
            SampleGroup.model_validate({**group.model_dump(), **double})
    with pytest.raises(ValidationError, match="group 'val' is there twice"):
        SampleIndex(groups=[group, group])


def test_an_image_is_found_where_it_is_declared(run: RunFolder) -> None:
    file = touch(run, "step-000100/a.png")
    assert at_step("step-{step}/a.png", 100) == "step-000100/a.png"
    assert at_step("input/a.png", 100) == "input/a.png"
    assert find_image(run, "step-000100/a.png") == file.resolve()
    assert find_image(run, "step-000200/a.png") is None and find_image(run, "step-000100") is None


def test_a_link_out_of_the_samples_is_not_followed(run: RunFolder) -> None:
    secret = run.path / "recipe.yaml"
    secret.touch()
    inside = touch(run, "input/a.png")
    (run.samples / "out.png").symlink_to(secret)
    (run.samples / "up").symlink_to(run.path)
    (run.samples / "in.png").symlink_to(inside)
    assert find_image(run, "out.png") is None and find_image(run, "up/recipe.yaml") is None
    assert find_image(run, "in.png") == inside.resolve()


def test_steps_and_the_newest_grid(run: RunFolder) -> None:
    assert sample_steps(run) == [] and newest_grid(run) is None
    for step in (2_000_000, 0, 100):
        touch(run, f"step-{step:06d}/a.png")
        touch(run, f"grid-{step:06d}.png")
    touch(run, "step-none/a.png")
    touch(run, "step-7")
    assert sample_steps(run) == [0, 100, 2_000_000]
    assert newest_grid(run) == grid_path(run, 2_000_000)


def test_images_of_later_steps_are_cut(run: RunFolder) -> None:
    for step in (0, 100, 200, 1_000_000):
        touch(run, f"step-{step:06d}/a.png")
        grid_path(run, step).touch()
    touch(run, "input/a.png")
    write_index(run, index("step-{step}/a.png"))
    write_ranked(run, index("validation/a.png", step=100))
    cut_samples(run, 100)
    assert sample_steps(run) == [0, 100] and newest_grid(run) == grid_path(run, 100)
    assert read_index(run) and read_ranked(run) and (run.samples / "input/a.png").exists()
    cut_samples(run, 99)
    assert read_ranked(run) is None and sample_steps(run) == [0]


def test_a_damaged_ranking_is_cut_as_well(run: RunFolder) -> None:
    touch(run, "validation.json").write_text("{")
    with pytest.raises(RunError, match=r"validation\.json is damaged"):
        read_ranked(run)
    cut_samples(run, 10**9)
    assert read_ranked(run) is None
