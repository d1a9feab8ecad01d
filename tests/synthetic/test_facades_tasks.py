"""Folders of drawn facades: layout, truth, and what happens when they cannot be written."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import limner.synthetic.tasks as tasks
from limner.errors import DataError, RunError
from limner.synthetic import STYLE_NAMES, Label, draw_facade, make_facades


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_labels_are_pairs_with_exact_colours_in_three_splits(tmp_path: Path) -> None:
    make_facades("labels", 20, 3, tmp_path / "out", size=32)
    assert [len(names(tmp_path / "out" / split)) for split in ("train", "val", "test")] == [16, 2, 2]
    pair = read(tmp_path / "out/val/00016.png")
    facade = draw_facade(3, 16, 32)
    np.testing.assert_array_equal(pair[:, :32], facade.labels)
    np.testing.assert_array_equal(pair[:, 32:], facade.day)
    assert {tuple(colour) for colour in pair[:, :32].reshape(-1, 3)} <= {label.value for label in Label}


@pytest.mark.parametrize(("count", "splits"), [(1, ["train"]), (2, ["train"]), (3, ["test", "train", "val"])])
def test_few_labels_still_fill_the_splits(tmp_path: Path, count: int, splits: list[str]) -> None:
    make_facades("labels", count, 3, tmp_path / "out", size=32)
    assert names(tmp_path / "out") == splits
    assert sum(len(names(tmp_path / "out" / split)) for split in splits) == count


def test_a_image_is_the_same_whatever_the_count(tmp_path: Path) -> None:
    make_facades("degraded", 2, 3, tmp_path / "few", size=32)
    make_facades("degraded", 4, 3, tmp_path / "many", size=32)
    for half in ("phone", "canon"):
        assert (tmp_path / "few" / half / "00001.png").read_bytes() == (
            tmp_path / "many" / half / "00001.png"
        ).read_bytes()


def test_daynight_trains_unpaired_and_hides_the_truth_in_the_test_halves(tmp_path: Path) -> None:
    make_facades("daynight", 5, 3, tmp_path / "out", size=32)
    halves = {half: names(tmp_path / "out" / half) for half in ("trainA", "trainB", "testA", "testB")}
    assert [len(half) for half in halves.values()] == [4, 4, 1, 1]
    assert not set(halves["trainA"]) & set(halves["trainB"])
    assert halves["testA"] == halves["testB"]
    shown = [int(Path(name).stem) for name in halves["trainA"] + halves["trainB"] + halves["testA"]]
    assert len(set(shown)) == len(shown)
    facade = draw_facade(3, int(Path(halves["testA"][0]).stem), 32)
    np.testing.assert_array_equal(read(tmp_path / "out/testA" / halves["testA"][0]), facade.day)
    np.testing.assert_array_equal(read(tmp_path / "out/testB" / halves["testB"][0]), facade.night)


def test_styles_have_one_folder_each(tmp_path: Path) -> None:
    make_facades("styles", 2 * len(STYLE_NAMES), 3, tmp_path / "out", size=32)
    assert names(tmp_path / "out") == sorted(STYLE_NAMES)
    assert all(len(names(tmp_path / "out" / style)) == 2 for style in STYLE_NAMES)


def test_the_phone_is_worse_than_the_camera_in_every_promised_way(tmp_path: Path) -> None:
    make_facades("degraded", 6, 3, tmp_path / "out", size=128)
    phones = np.stack([read(path) for path in sorted((tmp_path / "out/phone").iterdir())]).astype(float)
    canons = np.stack([read(path) for path in sorted((tmp_path / "out/canon").iterdir())]).astype(float)
    assert phones.std((1, 2, 3)).mean() < 0.8 * canons.std((1, 2, 3)).mean()
    red, green, blue = (np.polyfit(canons[..., part].ravel(), phones[..., part].ravel(), 1)[0] for part in range(3))
    assert green > 1.02 * red
    assert green > 1.02 * blue
    corner, centre = (slice(None), slice(0, 24), slice(0, 24)), (slice(None), slice(52, 76), slice(52, 76))
    assert phones[corner].mean() / canons[corner].mean() < phones[centre].mean() / canons[centre].mean()
    for phone, canon in zip(phones, canons, strict=True):
        assert np.corrcoef(phone.ravel(), canon.ravel())[0, 1] > 0.7


def test_progress_counts_every_facade(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_facades("labels", 3, 1, tmp_path / "out", 32, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_left_when_drawing_is_interrupted(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_facades("labels", 3, 1, tmp_path / "out", 32, progress=interrupt)
    assert not names(tmp_path)


def test_an_empty_folder_is_taken_and_a_full_one_is_refused_untouched(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "mine.txt").write_text("precious")
    make_facades("labels", 1, 1, empty, 32)
    assert names(empty) == ["train"]
    with pytest.raises(DataError, match="not empty") as raised:
        make_facades("labels", 1, 1, full, 32)
    assert raised.value.tip
    assert names(full) == ["mine.txt"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="is a file"):
        make_facades("labels", 1, 1, tmp_path / "out", 32)
    with pytest.raises(RunError):
        make_facades("labels", 1, 1, tmp_path / "out" / "below", 32)


def test_a_folder_without_permission_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):

        def refuse(*args: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(tasks, "write_synced", refuse)
    with pytest.raises(RunError, match="No permission") as raised:
        make_facades("labels", 1, 1, locked / "out", 32)
    assert raised.value.tip
    assert not names(locked)


@pytest.mark.parametrize(
    ("task", "count", "seed", "size", "says"),
    [
        ("label", 3, 1, 64, "did you mean 'labels'"),
        ("cats", 3, 1, 64, "labels, daynight"),
        ("labels", 0, 1, 64, "at least 1"),
        ("labels", 3, -1, 64, "seed"),
        ("labels", 3, 1, 8, "32"),
        ("labels", 3, 1, 100_000, "2048"),
    ],
)
def test_impossible_arguments_are_refused_with_a_tip(
    tmp_path: Path, task: str, count: int, seed: int, size: int, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        make_facades(task, count, seed, tmp_path / "out", size)
    assert not names(tmp_path)


def test_the_command_ends_in_the_next_line_to_paste(tmp_path: Path) -> None:
    import typer

    from limner.cli.data_make import facades

    app = typer.Typer()
    app.command()(facades)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["--task", "labels", "--count", "3", "--seed", "1", "--size", "64", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    assert names(out) == ["test", "train", "val"]
    assert f"limner train pix2pix data.path={out} data.size=64 generator.levels=6" in result.stderr
    assert result.stdout == ""


def test_the_command_says_names_in_brackets_whole(tmp_path: Path) -> None:
    import typer

    from limner.cli.data_make import facades

    app = typer.Typer()
    app.command()(facades)
    out = tmp_path / "[bold]" / "[/red]x"
    result = CliRunner().invoke(app, ["--count", "1", "--size", "32", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert f"{out}: drawn facades for labels" in result.stderr


@pytest.mark.parametrize(
    ("task", "size", "words"),
    [
        ("labels", 64, ["train", "pix2pix", "data.path={out}", "data.size=64", "generator.levels=6"]),
        ("labels", 48, ["train", "pix2pix", "data.path={out}"]),
        ("styles", 32, ["data", "inspect", "{out}"]),
    ],
)
def test_the_next_line_can_be_pasted_whatever_the_folder_is_called(
    tmp_path: Path, task: str, size: int, words: list[str]
) -> None:
    import shlex

    import typer

    from limner.cli.data_make import facades

    app = typer.Typer()
    app.command()(facades)
    out = tmp_path / "d ä's"
    result = CliRunner().invoke(app, ["--task", task, "--count", "1", "--size", str(size), "--out", str(out)])
    assert result.exit_code == 0, result.output
    command = result.stderr.strip().splitlines()[-1]
    assert shlex.split(command) == ["limner", *(word.format(out=out) for word in words)]
