"""Pictures that are decoded when a batch needs them are those that were decoded once, and what goes wrong is told."""

import gc
import logging
import weakref

import pytest
import torch

from limner.config.data import (
    AugmentSettings,
    DeriveSettings,
    DomainDataSettings,
    ImageDataSettings,
    LabelledDataSettings,
    PairedDataSettings,
)
from limner.data import stream as stream_module
from limner.data.cache import SUFFIX
from limner.data.open import open_data
from limner.data.prefetch import Prefetcher
from limner.errors import DataError

STILL = AugmentSettings(enabled=False)


@pytest.fixture
def classes(tmp_path, draw):
    for seed, name in enumerate(("hat", "shoe")):
        for number in range(6):
            draw(tmp_path / "set" / name / f"{name}{number}.jpg", 10 * seed + number, 200, 180)
    return tmp_path / "set"


@pytest.fixture
def wide(tmp_path, draw):
    for number in range(7):
        draw(tmp_path / "wide" / "train" / f"{number}.jpg", number, 96, 48)
    for number in range(3):
        draw(tmp_path / "wide" / "val" / f"{number}.jpg", 50 + number, 96, 48)
    return tmp_path / "wide"


def of_each_kind(classes, wide):
    both = {"path": classes / "hat", "path_b": classes / "shoe"}
    return {
        "labelled": LabelledDataSettings(path=classes, size=32, balanced=True),
        "images": ImageDataSettings(path=classes, size=32),
        "pairs": PairedDataSettings(path=wide, size=32),
        "derived": PairedDataSettings(path=classes, size=32, derive=DeriveSettings(kind="blur-noise")),
        "domains": DomainDataSettings(**both, size=32, augment={"scale": 0.5}),
        "paired domains": DomainDataSettings(path=wide, size=32, paired=True, channels=1),
    }


def streamed(settings, **more):
    return settings.model_copy(update={"cache": "stream", **more})


def fields(batch):
    return vars(batch).values()


@pytest.mark.parametrize("kind", ["labelled", "images", "pairs", "derived", "domains", "paired domains"])
def test_equal_to_decoding_once_bit_for_bit(classes, wide, kind, cache):
    settings = of_each_kind(classes, wide)[kind]
    stream = open_data(streamed(settings), 5)
    assert stream.report.bytes == 0 and stream.report.backend == "stream"
    assert sum(file.stat().st_size for file in cache.iterdir()) < 4000, "headers only"
    once = open_data(settings, 5)
    assert once.report.backend == "memory" and once.report.fingerprint == stream.report.fingerprint
    assert once.report.names == stream.report.names and once.report.counts == stream.report.counts
    for ours, theirs in ((stream.train, once.train), (stream.validation, once.validation)):
        positions = [(epoch, index) for epoch in range(4) for index in range(len(theirs))]
        for one, other in zip(fields(ours.batch(positions)), fields(theirs.batch(positions)), strict=True):
            assert torch.equal(one, other)
        for back in (False, True):
            one, other = ours.references(4, back), theirs.references(4, back)
            assert one.names == other.names and torch.equal(one.images, other.images)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_threads_change_nothing(classes, workers):
    train = open_data(streamed(ImageDataSettings(path=classes, size=32), workers=workers), 5).train
    expected = [train.batch([(0, index), (1, index)]).image for index in range(8)]
    with Prefetcher(lambda index: train.batch([(0, index), (1, index)]).image, 0, workers, 4, stop=8) as made:
        assert all(torch.equal(one, other) for one, other in zip(made, expected, strict=True))


def test_chosen_where_neither_memory_nor_cache_has_room(classes, cache, monkeypatch):
    settings = ImageDataSettings(path=classes, size=32)
    monkeypatch.setattr("limner.data.stores.free_memory", lambda: 0)
    assert open_data(settings, 1).report.backend == "disk"
    monkeypatch.setenv("LIMNER_CACHE_GB", "0.00003")
    report = open_data(settings, 1).report
    assert report.backend == "stream" and not report.warnings
    with pytest.raises(DataError, match="more than the cache may hold"):
        open_data(settings.model_copy(update={"cache": "disk"}), 1)
    monkeypatch.delenv("LIMNER_CACHE_GB")
    monkeypatch.setattr("limner.data.cache.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 100}))
    for file in cache.iterdir():
        file.unlink()
    assert open_data(settings, 1).report.backend == "stream"


def test_a_cache_that_cannot_be_used_is_not_needed(classes, tmp_path, monkeypatch):
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    assert open_data(streamed(ImageDataSettings(path=classes, size=32)), 1).report.backend == "stream"


def test_the_second_start_reads_no_file(classes, cache, draw, monkeypatch):
    read, real = [], stream_module.check_header
    monkeypatch.setattr(stream_module, "check_header", lambda item: read.append(item.name) or real(item))
    settings, told = streamed(ImageDataSettings(path=classes, size=32)), []
    first = open_data(settings, 1, lambda done, total: told.append((done, total))).report.fingerprint
    assert len(read) == 12 and told == [(done, 12) for done in range(1, 13)]
    assert open_data(settings, 1).report.fingerprint == first and len(read) == 12
    assert {file.suffix for file in cache.iterdir()} == {SUFFIX}
    draw(classes / "hat" / "hat0.jpg", 99, 200, 180)
    assert open_data(settings, 1).report.fingerprint != first


def test_what_a_header_shows_is_skipped_as_by_decoding_once(wide):
    (wide / "train/1.jpg").write_bytes(b"words")
    (wide / "train/2.jpg").write_bytes((wide / "val/0.jpg").read_bytes()[:100])
    settings = PairedDataSettings(path=wide, size=32, max_bad=0.4)
    once, stream = open_data(settings, 1).report, open_data(streamed(settings), 1).report
    assert once.unreadable == stream.unreadable and len(stream.unreadable) == 2
    assert once.fingerprint == stream.fingerprint
    with pytest.raises(DataError, match="2 of 10 pictures"):
        open_data(streamed(settings, max_bad=0.1), 1)


def cut_short(file):
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 200])


def test_a_damaged_picture_gives_its_place_to_the_next_one(classes, caplog):
    settings = LabelledDataSettings(path=classes, size=32, augment=STILL, validation=0.0, max_bad=0.2)
    whole = open_data(streamed(settings), 1).train.batch([(0, index) for index in range(12)])
    for name in ("hat/hat5", "shoe/shoe5"):
        cut_short(classes / f"{name}.jpg")
    train = open_data(streamed(settings), 1).train
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            batch = train.batch([(0, index) for index in (11, 5, 4)])
            assert batch.label.tolist() == [0, 1, 0]
            assert torch.equal(batch.image, whole.image[[0, 6, 4]])
    assert len(caplog.messages) == 2 and "shoe5.jpg: damaged" in caplog.messages[0]
    assert train.references(12).labels.tolist() == [0] * 5 + [1] * 6 + [0]


def test_a_damaged_picture_keeps_no_batch_in_memory(classes):
    """An error that is raised again and again would hold the frames, and so the images, of all who asked."""
    settings = ImageDataSettings(path=classes, size=32, augment=STILL, validation=0.0, max_bad=0.2)
    cut_short(classes / "hat" / "hat5.jpg")
    train, seen = open_data(streamed(settings), 1).train, []
    for _ in range(3):
        batch = train.batch([(0, 5), (0, 4)])
        seen.append(weakref.ref(batch.image))
    del batch
    gc.collect()
    assert [reference() for reference in seen] == [None] * 3


def test_more_damaged_pictures_than_allowed_end_the_run(classes):
    for name in ("hat/hat0", "hat/hat1"):
        cut_short(classes / f"{name}.jpg")
    settings = ImageDataSettings(path=classes, size=32, augment=STILL, validation=0.0, max_bad=0.1)
    train = open_data(streamed(settings), 1).train
    train.batch([(0, 0), (0, 5)][1:])
    with pytest.raises(DataError, match="2 of 12 pictures cannot be used") as error:
        train.batch([(0, 0)])
    assert "data.max_bad" in error.value.tip


def test_pairs_of_domains_stay_pairs_beside_a_damaged_half(tmp_path, draw):
    for number in range(4):
        for domain, seed in (("A", 0), ("B", 50)):
            draw(tmp_path / f"train{domain}" / f"{number}.jpg", seed + number, 200, 180)
    settings = DomainDataSettings(path=tmp_path, size=32, paired=True, augment=STILL.model_dump(), validation=0.0)
    whole = open_data(streamed(settings), 1).train.batch([(0, 2)])
    cut_short(tmp_path / "trainB" / "1.jpg")
    batch = open_data(streamed(settings, max_bad=0.5), 1).train.batch([(0, 1)])
    assert torch.equal(batch.a, whole.a) and torch.equal(batch.b, whole.b)


def test_a_file_that_changes_or_goes_ends_the_run(classes, draw):
    train = open_data(streamed(ImageDataSettings(path=classes, size=32, validation=0.0)), 1).train
    draw(classes / "hat" / "hat3.jpg", 77, 200, 180)
    with pytest.raises(DataError, match="hat3 has changed since the run began"):
        train.batch([(0, 3)])
    (classes / "hat" / "hat4.jpg").unlink()
    with pytest.raises(DataError, match="no such file"):
        train.batch([(0, 4)])
