"""The cache gives what decoding gives, notices every change, survives damage and rivals, and keeps to its bounds."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from limner.config.data import PairedDataSettings
from limner.data import cache as cache_module
from limner.data import decoded as decoded_module
from limner.data.cache import SUFFIX, cache_cap, cache_folder, cache_size, clear_cache
from limner.data.decode import Decoding
from limner.data.pairing import Item, Source
from limner.data.stores import open_stores
from limner.errors import DataError

AS = Decoding(stored=16, size=16, fit="stretch", derive=None)


@pytest.fixture
def pairs(tmp_path, draw):
    return [Item(str(n), tuple(Source(draw(tmp_path / f"{n}{half}.png", n)) for half in "ab")) for n in range(5)]


@pytest.fixture
def decodings(monkeypatch):
    """Counts how often a pair is really decoded."""
    calls = []
    real = decoded_module.decode_item
    monkeypatch.setattr(decoded_module, "decode_item", lambda pair, how: calls.append(pair.name) or real(pair, how))
    return calls


def opened_parts(*wanted, memory=True, disk=True):
    settings = PairedDataSettings(cache="disk" if not memory else "auto" if disk else "memory", workers=1)
    return open_stores(wanted, settings, None)


def opened(pairs, *, memory=True, disk=True, how=AS):
    return opened_parts((pairs, how), memory=memory, disk=disk).stores[0]


def entries(cache):
    return sorted(file.name for file in cache.iterdir())


def test_second_start_decodes_nothing(pairs, cache, decodings):
    first = opened(pairs)
    assert len(decodings) == 5 and len(entries(cache)) == 1 and first.array.shape == (5, 2, 3, 16, 16)
    for memory in (True, False):
        again = opened(pairs, memory=memory)
        assert np.array_equal(first.array, again.array) and first.digests == again.digests
    assert isinstance(again.array, np.memmap) and len(decodings) == 5


def test_memory_alone_writes_nothing(pairs, cache):
    opened(pairs, disk=False)
    assert entries(cache) == []


def test_every_change_is_noticed(pairs, decodings, draw):
    opened(pairs)
    opened(pairs, how=Decoding(stored=24, size=16, fit="stretch", derive=None))
    opened(pairs, how=Decoding(stored=16, size=16, fit="crop", derive=None))
    assert len(decodings) == 15
    path = pairs[2].sources[1].path
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    before = opened(pairs).array[2, 1].copy()
    assert len(decodings) == 20
    draw(path, 99)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert not np.array_equal(opened(pairs).array[2, 1], before)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[: len(b) // 2], lambda b: b[100:], lambda b: b""])
def test_a_damaged_entry_is_made_again(pairs, cache, decodings, damage):
    whole = opened(pairs)
    (entry,) = cache.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert np.array_equal(opened(pairs, memory=False).array, whole.array) and len(decodings) == 10


def test_unreadable_files_are_remembered(pairs, decodings):
    pairs[1].sources[1].path.write_bytes(b"")
    for _ in range(2):
        found = opened(pairs)
        assert found.places == [0, 2, 3, 4] and len(found.array) == 4
        assert [bad.reason for bad in found.unreadable] == ["the file is empty"]
    assert len(decodings) == 5


@pytest.fixture
def refuse(monkeypatch):
    """refuse(path, error): reading this file fails so, until refuse.clear()."""
    errors = {}
    real = Path.read_bytes

    def read_bytes(path):
        if path in errors:
            raise errors[path]
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    return errors


REFUSALS = [
    (OSError(errno.EIO, "Input/output error"), "input/output error"),
    (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
    (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
    (MemoryError(), "there is not enough memory to open it"),
]


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize(("error", "reason"), REFUSALS, ids=[reason for _, reason in REFUSALS])
def test_what_the_system_refused_is_decoded_when_it_is_given(pairs, decodings, refuse, memory, error, reason):
    refuse[pairs[1].sources[1].path] = error
    first = opened(pairs, memory=memory)
    assert first.places == [0, 2, 3, 4] and [bad.reason for bad in first.unreadable] == [reason]
    refuse.clear()
    again = opened(pairs, memory=memory)
    assert again.places == [0, 1, 2, 3, 4] and not again.unreadable and len(decodings) == 10
    assert np.array_equal(opened(pairs).array, again.array) and len(decodings) == 10


def test_what_the_system_still_refuses_is_not_decoded_again(pairs, decodings, refuse):
    refuse[pairs[1].sources[1].path] = PermissionError(errno.EACCES, "Permission denied")
    for _ in range(2):
        assert [bad.reason for bad in opened(pairs).unreadable] == ["permission denied"]
    assert len(decodings) == 5


def test_no_usable_pair_gives_an_empty_split(pairs):
    for pair in pairs:
        pair.sources[1].path.write_bytes(b"")
    for _ in range(2):
        assert len(opened(pairs, memory=False).array) == 0


def test_two_runs_at_once(pairs, cache):
    results = []
    threads = [threading.Thread(target=lambda: results.append(opened(pairs, memory=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(np.array_equal(results[0].array, other.array) for other in results)
    assert len(entries(cache)) == 1


def test_an_interrupted_build_leaves_nothing(pairs, cache, monkeypatch):
    def interrupt(pair, how):
        raise KeyboardInterrupt

    monkeypatch.setattr(decoded_module, "decode_item", interrupt)
    with pytest.raises(KeyboardInterrupt):
        opened(pairs)
    assert entries(cache) == []


def test_a_full_disk_stops_the_saving_not_the_run(pairs, cache, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decoded_module.os, "fsync", full)
    found = opened(pairs)
    assert len(found.array) == 5 and "no space left" in found.unsaved and entries(cache) == []
    with pytest.raises(DataError, match="no space left"):
        opened(pairs, memory=False)


def test_a_place_that_is_no_folder(pairs, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "file"))
    assert "cannot be used" in opened(pairs).unsaved
    with pytest.raises(DataError) as error:
        opened(pairs, memory=False)
    assert "LIMNER_CACHE" in error.value.tip


def test_a_closed_cache_is_said(pairs, cache, close):
    close(cache)
    assert opened(pairs).unsaved == f"the cache folder {cache} cannot be used: permission denied"


def test_least_recently_used_goes_first(pairs, cache, monkeypatch):
    size = 5 * 2 * 3 * 16 * 16
    monkeypatch.setenv("LIMNER_CACHE_GB", str(2.6 * size / 1e9))
    hows = [Decoding(stored=16, size=size, fit="stretch", derive=None) for size in (1, 2, 3)]
    for age, how in zip((300, 200), hows, strict=False):
        before = set(entries(cache))
        opened(pairs, how=how)
        (new,) = set(entries(cache)) - before
        os.utime(cache / new, (1e9 - age, 1e9 - age))
    oldest = min(cache.iterdir(), key=lambda file: file.stat().st_mtime)
    opened(pairs, how=hows[0])  # Used again: now the other one is the oldest.
    opened(pairs, how=hows[2])
    assert oldest.exists() and len(entries(cache)) == 2


def test_parts_of_one_start_do_not_push_each_other_out(pairs, cache, decodings, monkeypatch):
    size = 5 * 2 * 3 * 16 * 16
    monkeypatch.setenv("LIMNER_CACHE_GB", str(2.6 * size / 1e9))
    train, validation, other = (
        (pairs, Decoding(stored=16, size=size, fit="stretch", derive=None)) for size in (1, 2, 3)
    )
    opened_parts(train, other)
    for _ in range(2):
        assert opened_parts(train, validation, memory=False).unsaved == []
    assert len(decodings) == 15 and len(entries(cache)) == 2


def test_parts_that_together_are_too_large_are_not_saved_and_it_is_said(pairs, cache, decodings, monkeypatch):
    size = 5 * 2 * 3 * 16 * 16
    monkeypatch.setenv("LIMNER_CACHE_GB", str(1.6 * size / 1e9))
    parts = [(pairs, Decoding(stored=16, size=size, fit="stretch", derive=None)) for size in (1, 2)]
    (said,) = opened_parts(*parts).unsaved
    assert "more than the cache may hold" in said and "decodes again" in said and entries(cache) == []
    with pytest.raises(DataError, match="more than the cache may hold"):
        opened_parts(*parts, memory=False)


def test_more_than_the_bound_is_not_saved(pairs, cache, monkeypatch):
    monkeypatch.setenv("LIMNER_CACHE_GB", "0.000001")
    assert "more than the cache may hold" in opened(pairs).unsaved and entries(cache) == []
    monkeypatch.setenv("LIMNER_CACHE_GB", "much")
    with pytest.raises(DataError, match="LIMNER_CACHE_GB is 'much'"):
        cache_cap()


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("LIMNER_CACHE")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # Python leaves ~ as it is where nobody is at home
    with pytest.raises(DataError, match="no home folder") as caught:
        cache_folder()
    assert caught.value.tip == "LIMNER_CACHE=FOLDER"


def test_size_and_clear(pairs, cache):
    opened(pairs)
    (cache / "mine.txt").write_text("keep")
    (cache / f"x{SUFFIX}.abc.tmp").write_bytes(b"unfinished")
    held = cache_size()
    assert held == sum(file.stat().st_size for file in cache.glob(f"*{SUFFIX}"))
    assert clear_cache() == held and cache_size() == 0
    assert entries(cache) == ["mine.txt", f"x{SUFFIX}.abc.tmp"]
    os.utime(cache / f"x{SUFFIX}.abc.tmp", (0, 0))
    cache_size()
    assert entries(cache) == ["mine.txt"]


def test_place(monkeypatch):
    monkeypatch.delenv("LIMNER_CACHE")
    monkeypatch.setattr(cache_module.Path, "home", lambda: Path("/somebody"))
    assert cache_folder() == Path("/somebody/.cache/limner")
