import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from limner.errors import RunError
from limner.runs.folder import create_run, list_runs, open_run, runs_folder

FILES = {"recipe.yaml": "method: pix2pix\n"}


def test_runs_live_where_the_option_then_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMNER_RUNS", raising=False)
    assert runs_folder(None) == Path("runs")
    monkeypatch.setenv("LIMNER_RUNS", "/elsewhere")
    assert runs_folder(None) == Path("/elsewhere")
    assert runs_folder(Path("here")) == Path("here")


def test_unnamed_runs_are_numbered_after_the_recipe(tmp_path: Path) -> None:
    assert [create_run(tmp_path, None, "pix2pix-facades").name for _ in range(2)] == [
        "pix2pix-facades-001",
        "pix2pix-facades-002",
    ]
    assert create_run(tmp_path, None, "mine/über facades.yaml").name == "über-facades-001"
    (tmp_path / "pix2pix-facades-041").mkdir()
    assert create_run(tmp_path, None, "pix2pix-facades").name == "pix2pix-facades-042"


def test_runs_that_start_at_once_get_folders_of_their_own(tmp_path: Path) -> None:
    runs = tmp_path / "deep" / "runs"
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: create_run(runs, None, "quick", FILES).name, range(48)))
    assert sorted(made) == [f"quick-{number:03d}" for number in range(1, 49)]
    assert sorted(path.name for path in runs.iterdir()) == sorted(made)


def test_a_name_goes_to_one_of_those_that_ask_for_it_at_once(tmp_path: Path) -> None:
    def attempt(_: int) -> bool:
        try:
            create_run(tmp_path, "mine", "quick", FILES)
        except RunError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


def test_folder_appears_with_its_first_files(tmp_path: Path) -> None:
    run = create_run(tmp_path, "mine", "quick", {**FILES, "data.json": b"{}"})
    assert run.path == tmp_path / "mine"
    assert run.recipe_path.read_text() == FILES["recipe.yaml"]
    assert run.data_path.read_bytes() == b"{}"
    assert run.checkpoints.is_dir()
    assert run.samples.is_dir()


def test_taken_name_is_refused_with_the_two_ways_out(tmp_path: Path) -> None:
    run = create_run(tmp_path, "mine", "quick", FILES)
    with pytest.raises(RunError, match="mine already") as caught:
        create_run(tmp_path, "mine", "quick", {"recipe.yaml": "other"})
    assert "--resume mine" in str(caught.value.tip)
    assert "--name" in str(caught.value.tip)
    assert run.recipe_path.read_text() == FILES["recipe.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_empty_folder_of_that_name_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(RunError, match="mine already"):
        create_run(tmp_path, "mine", "quick", FILES)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a ",
        ".",
        "..",
        ".hidden",
        "-x",
        "a/b",
        "..\\up",
        "a:b",
        "a*",
        "a\nb",
        "NUL",
        "con",
        "Com1.txt",
        "a.",
        "ü" * 60,
        "\udcff",
    ],
)
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="cannot be the name of a run"):
        create_run(tmp_path / "runs", name, "quick")
    assert not (tmp_path / "runs").exists()


def test_runs_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    for runs in (tmp_path / "runs", tmp_path / "runs" / "deeper"):
        with pytest.raises(RunError, match="a file is where a folder should be"):
            create_run(runs, None, "quick")


def test_unwritable_runs_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunError, match=r"No permission to write .*mine"):
        create_run(tmp_path, "mine", "quick")


def test_open_by_name_by_path_and_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path / "runs", "mine", "quick", FILES)
    assert open_run("mine", tmp_path / "runs") == run
    assert open_run(run.path, tmp_path / "other") == run
    monkeypatch.chdir(run.path)
    assert open_run(".", Path("runs")).name == "mine"


def test_unknown_run_names_the_nearest(tmp_path: Path) -> None:
    create_run(tmp_path, "facades-one", "quick", FILES)
    with pytest.raises(RunError, match="no run 'facade-one'") as caught:
        open_run("facade-one", tmp_path)
    assert "'facades-one'" in str(caught.value.tip)
    with pytest.raises(RunError) as caught:
        open_run("zebra", tmp_path)
    assert "facades-one" in str(caught.value.tip)
    with pytest.raises(RunError) as caught:
        open_run("zebra", tmp_path / "empty")
    assert "there are no runs" in str(caught.value.tip)


def test_a_run_that_may_not_be_read_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path / "runs", "mine", "quick", FILES)
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    stat = Path.stat

    def closed(path: Path, **options: Any) -> os.stat_result:
        if path.parent.name == "mine" and not path.is_relative_to(open_one):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", closed)
    open_one = run.path
    assert open_run("mine", tmp_path / "runs") == run, "what cannot be read here keeps none of that name from runs"
    open_one = tmp_path / "nothing"
    with pytest.raises(RunError, match=r"^mine cannot be read: permission denied") as caught:
        open_run("mine", tmp_path / "runs")
    assert "allow reading it" in str(caught.value.tip)


def test_folder_without_a_recipe_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(RunError, match="not a run folder"):
        open_run(tmp_path / "photos", tmp_path)
    create_run(tmp_path, "mine", "quick", FILES)
    assert [run.name for run in list_runs(tmp_path)] == ["mine"]
    assert list_runs(tmp_path / "none") == []


def test_reading_run_folders_needs_no_torch() -> None:
    rooms = "checkpoint, declaration, environment, folder, lock, logs, reading, samples"
    code = f"import sys; from limner.runs import {rooms}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
