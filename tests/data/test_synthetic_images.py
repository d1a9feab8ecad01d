"""Drawn pictures live in the cache: kept by version, counted, dropped, cleared, and never pulled from under a run."""

import os
import time

import pytest

from limner.config.data import PairedDataSettings, SyntheticSettings
from limner.data.cache import cache_size, clear_cache, make_room
from limner.data.open import open_data
from limner.errors import DataError, RunError
from limner.synthetic import cached as drawn_module
from limner.synthetic import make_facades
from limner.synthetic.cached import with_synthetic

TEN = SyntheticSettings(count=10)
SMALL = PairedDataSettings(size=32, workers=1, synthetic=TEN)


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def age(folder, when):
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (when, when))


@pytest.fixture
def kept(cache):
    """A folder that looks drawn, of 1000 bytes, last used long ago."""
    folder = cache / "facades-labels-600-1-256-v1"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "0.png").write_bytes(bytes(1000))
    age(folder, 1e9)
    return folder


def test_images_of_another_version_are_drawn_anew(monkeypatch):
    first = with_synthetic(SMALL).path
    assert with_synthetic(SMALL, lambda done, total: pytest.fail("drawn again")).path == first
    monkeypatch.setattr(drawn_module, "DRAWING", 2)
    second = with_synthetic(SMALL).path
    assert second != first and first.is_dir() and second.is_dir()


def test_they_are_counted_and_cleared_and_nothing_else_is(cache, kept):
    folder = with_synthetic(SMALL).path
    for mine in ("facades-mine", "facades-labels-mine-1-2", "my.decoded"):
        (cache / mine).mkdir()
    held = bytes_in(folder) + 1000
    assert cache_size() == clear_cache() == held
    assert sorted(path.name for path in cache.iterdir()) == ["facades-labels-mine-1-2", "facades-mine", "my.decoded"]


@pytest.mark.parametrize("name", [".tmp-{}-0a1b2c3d", ".old-{}"])
def test_what_a_killed_run_left_goes_after_a_day(cache, kept, name):
    left = kept.rename(cache / name.format(kept.name))
    (left / "train").touch()
    cache_size()
    assert left.is_dir(), "somebody may be drawing it"
    age(left, time.time() - 2 * 86400)
    assert cache_size() == 0 and not left.exists()


def test_those_long_unused_make_room_those_in_use_stay(cache, kept, monkeypatch):
    wanted = {cache / "new.decoded": 500}
    monkeypatch.setenv("LIMNER_CACHE_GB", "0.0000014")
    reason = make_room(wanted, [kept / "train"])
    assert "more than the cache may hold" in reason and kept.is_dir()
    assert make_room(wanted, [cache.parent]) is None and not kept.exists()


def test_use_keeps_them_from_being_dropped(cache, kept, monkeypatch):
    folder = with_synthetic(SMALL).path
    age(folder, 1e8)
    with_synthetic(SMALL)
    monkeypatch.setenv("LIMNER_CACHE_GB", str((bytes_in(folder) + 600) / 1e9))
    assert make_room({cache / "new.decoded": 500}) is None
    assert folder.is_dir() and not kept.exists()


def test_a_start_keeps_the_images_that_it_decodes(monkeypatch):
    folder = with_synthetic(SMALL).path
    settings = SMALL.model_copy(update={"path": folder})
    decoded = open_data(settings.model_copy(update={"cache": "memory"}), 1).report.bytes
    monkeypatch.setenv("LIMNER_CACHE_GB", str((max(decoded, bytes_in(folder)) + 1000) / 1e9))
    report = open_data(settings, 1).report
    assert folder.is_dir() and "more than the cache may hold" in report.warnings[-1]


def test_who_draws_second_leaves_the_folder_of_the_first(cache):
    first = []

    def overtake(done, total):
        if not first:
            first.append(None)
            first[0] = with_synthetic(SMALL).path.stat().st_ino

    folder = with_synthetic(SMALL, overtake).path
    assert folder.stat().st_ino == first[0] and [path.name for path in cache.iterdir()] == [folder.name]


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "file"))
    with pytest.raises(RunError, match="cannot be written") as caught:
        with_synthetic(SMALL)
    assert "LIMNER_CACHE=DIR" in caught.value.tip


def test_a_cache_that_cannot_even_be_looked_into_is_named(cache, close):
    close(cache)
    with pytest.raises(RunError, match="No permission") as caught:
        with_synthetic(SMALL)
    assert str(cache) in caught.value.tip and "LIMNER_CACHE=DIR" in caught.value.tip


def test_what_cannot_be_drawn_anywhere_says_nothing_of_the_cache():
    with pytest.raises(DataError) as caught:
        with_synthetic(SMALL.model_copy(update={"size": 8}))
    assert "LIMNER_CACHE" not in caught.value.tip


def test_a_folder_that_appears_during_the_drawing_is_not_lost(tmp_path):
    out = tmp_path / "out"

    def appear(done, total):
        out.mkdir(exist_ok=True)
        (out / "mine.txt").write_text("precious")

    with pytest.raises(RunError, match="another folder stands there"):
        make_facades("labels", 1, 1, out, 32, appear)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
