"""Which files are meant, and what the results are called."""

from pathlib import Path

import pytest

from limner.errors import DataError
from limner.inference.inputs import find_inputs, plan_jobs


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.PNG", ".hidden.png", "notes.txt", "deep/c.jpg", "deep/er/d.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "photos"


def names(words):
    return [path.name for path in find_inputs(words)]


def test_files_folders_and_patterns(photos):
    assert names(["photos"]) == ["a.PNG", "b.jpg"]
    assert names(["photos/notes.txt", "photos/deep"]) == ["notes.txt", "c.jpg"]
    assert names(["photos/**/*.jpg"]) == ["b.jpg", "c.jpg", "d.jpg"]
    assert names(["photos/b.jpg", "photos", str(photos / "b.jpg")]) == ["b.jpg", "a.PNG"]


def test_a_name_with_brackets_is_a_file_not_a_pattern(photos):
    (photos / "x[1].jpg").write_bytes(b"")
    assert names(["photos/x[1].jpg"]) == ["x[1].jpg"]


def test_words_that_name_nothing(photos):
    with pytest.raises(DataError, match=r"no photos/zebra\.jpg"):
        find_inputs(["photos/zebra.jpg"])
    (photos / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures directly in"):
        find_inputs(["photos/empty"])
    (photos / "outer" / "inner").mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        find_inputs(["photos/outer"])
    assert "inner" in caught.value.tip


@pytest.mark.parametrize("word", ["photos/closed", "photos/closed/a.png"])
def test_what_may_not_be_read_is_said(photos, word, monkeypatch):
    (photos / "closed").mkdir()
    iterdir, stat = Path.iterdir, Path.stat

    def refused(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    def hidden(path, **options):
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "iterdir", refused)
    monkeypatch.setattr(Path, "stat", hidden)
    with pytest.raises(DataError, match=f"{word} cannot be read: permission denied") as caught:
        find_inputs([word])
    assert "allow reading it" in caught.value.tip


def test_outputs_are_named_by_sample(photos):
    (job,) = plan_jobs([photos / "b.jpg"], photos / "out", 3)
    assert [path.name for path in job.outputs] == ["b.png", "b-2.png", "b-3.png"]


@pytest.mark.parametrize(
    "sources, samples",
    [
        (["b.jpg", "deep/B.png"], 1),
        (["b.jpg", "b.webp"], 1),
        (["b.jpg", "b-2.jpg"], 2),
        (["\u00e9.png", "deep/e\u0301.png"], 1),
    ],
)
def test_colliding_names_are_refused(photos, sources, samples):
    with pytest.raises(DataError, match="would both be written to"):
        plan_jobs([photos / source for source in sources], photos / "out", samples)


@pytest.mark.parametrize("source, out", [("a.png", "photos/deep/.."), ("a.PNG", "photos"), ("a.png", "PHOTOS")])
def test_an_input_is_never_overwritten(photos, source, out):
    """On Windows and macOS a.png is a.PNG."""
    with pytest.raises(DataError, match="is an input"):
        plan_jobs([photos / source], photos.parent / out, 1)
