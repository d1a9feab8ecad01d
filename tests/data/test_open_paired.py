"""Pairs stay pairs: aligned under augmentation, equal to Pillow's resize, decoded once, and truthful about faults."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut, chelsea

from limner.config.data import AugmentSettings, DeriveSettings, PairedDataSettings
from limner.data.augment import Variation
from limner.data.decoded import DecodedImages, Index
from limner.data.image_splits import PairedImages
from limner.data.open import open_data
from limner.data.pairing import Item
from limner.errors import DataError


def settings(path, **more):
    return PairedDataSettings(path=path, size=32, **{"workers": 2, **more})


@pytest.fixture
def pairs(tmp_path, draw):
    for number in range(8):
        draw(tmp_path / "train" / f"{number}.png", number, 96, 48)
    for number in range(3):
        draw(tmp_path / "val" / f"{number}.png", 100 + number, 96, 48)
    return tmp_path


def coordinates(count, side):
    """Pictures that say of each pixel where it was; the target is 255 less the input."""
    rows, columns = np.mgrid[:side, :side]
    inputs = np.stack([np.stack([rows, columns, rows * 0 + number]) for number in range(count)])
    return np.stack([inputs, 255 - inputs], 1).astype(np.uint8)


def numbered(seed, flip=0.5):
    """Five such pairs of side 40, cropped to 32."""
    items = [Item(name, ()) for name in "abcde"]
    store = DecodedImages(items, Index(rows=list(range(5)), digests=[[]] * 5), coordinates(5, 40))
    return PairedImages(store, 32, Variation(AugmentSettings(enlarge=1.25, flip=flip), 32, seed, 5))


@given(
    seed=st.integers(0, 2**63 - 1),
    positions=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 4)), min_size=1, max_size=5),
)
def test_both_halves_get_the_same_crop_and_flip(seed, positions):
    images = numbered(seed)
    batch = images.batch(positions)
    assert batch.input.shape == (len(positions), 3, 32, 32) and batch.input.dtype == torch.uint8
    assert torch.equal(batch.target, 255 - batch.input)
    for row, (_, index) in enumerate(positions):
        assert batch.input[row, 2, 0, 0] == index
        top, left = int(batch.input[row, 0].min()), int(batch.input[row, 1].min())
        columns = np.arange(left, left + 32)
        assert batch.input[row, 1, 0].tolist() in (columns[::-1].tolist(), columns.tolist())
        assert batch.input[row, 0, :, 0].tolist() == list(range(top, top + 32))


def test_a_image_depends_on_its_own_position_alone():
    images = numbered(3)
    together = images.batch([(7, 2), (7, 4)])
    assert torch.equal(together.input[1:], images.batch([(7, 4)]).input)
    epochs = torch.stack([images.batch([(epoch, 2)]).input for epoch in range(20)])
    assert len(torch.unique(epochs, dim=0)) > 10


def placements(flip, seed=21, length=100, epochs=40):
    """Top, left and flip of each position, read off pictures that say of each pixel where it was; 0 to 30."""
    vary = Variation(AugmentSettings(enlarge=62 / 32, flip=flip), 32, seed, length)
    image = torch.from_numpy(coordinates(1, 62)[0, 0])
    crops = [vary.vary(image, epoch, index) for epoch in range(epochs) for index in range(length)]
    return [(int(c[0].min()), int(c[1].min()), bool(c[1, 0, 0] > c[1, 0, -1])) for c in crops]


def test_draws_are_even_and_reach_both_ends():
    drawn = placements(0.5)
    for place in (0, 1):
        counts = np.bincount([p[place] for p in drawn], minlength=31)
        assert counts.min() > 80 and counts.max() < 185
    assert 0.46 < np.mean([p[2] for p in drawn]) < 0.54
    together = np.corrcoef(drawn, rowvar=False)
    assert np.abs(together - np.eye(3)).max() < 0.06
    assert not any(p[2] for p in placements(0.0, epochs=2)) and all(p[2] for p in placements(1.0, epochs=2))


def test_draws_do_not_hang_on_how_many_pictures_there_are():
    few, many = placements(0.5, length=7, epochs=2), placements(0.5, length=90, epochs=2)
    assert few == many[:7] + many[90:97] and few[:7] != few[7:]
    assert few != placements(0.5, seed=22, length=7, epochs=2)


@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_stored_pixels_are_pillows_bicubic(tmp_path, fit):
    for name, image in (("a", astronaut()[:300]), ("b", chelsea())):
        for folder in ("trainA", "trainB"):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(image if folder == "trainA" else 255 - image).save(tmp_path / folder / f"{name}.png")
    augment = AugmentSettings(enlarge=1.25, flip=0.0)
    splits = open_data(settings(tmp_path, fit=fit, validation=0.0, augment=augment), 5)
    size = 40
    for index, image in enumerate((astronaut()[:300], chelsea())):
        height, width = image.shape[:2]
        edge = min(height, width)
        left, top = (width - edge) // 2, (height - edge) // 2
        box = None if fit == "stretch" else (left, top, left + edge, top + edge)
        for half, whole in (("input", image), ("target", 255 - image)):
            expected = np.asarray(Image.fromarray(whole).resize((size, size), Image.Resampling.BICUBIC, box=box))
            places = np.indices((40, 40)).transpose(1, 2, 0).astype(np.uint8)
            place = torch.from_numpy(places.transpose(2, 0, 1).copy())
            top, left = Variation(augment, 32, 5, 2).vary(place, 3, index)[:, 0, 0].tolist()
            crop = expected[top : top + 32, left : left + 32]
            got = getattr(splits.train.batch([(3, index)]), half)[0].permute(1, 2, 0).numpy()
            # A box that is a whole crop may be filtered over its border: only the border may differ.
            inner = slice(None) if fit == "stretch" else slice(2, -2)
            assert np.array_equal(got[inner, inner], crop[inner, inner])


def test_validation_is_never_augmented(pairs):
    splits = open_data(settings(pairs), 3)
    whole = np.asarray(Image.open(pairs / "val/1.png"))
    expected = [Image.fromarray(h).resize((32, 32), Image.Resampling.BICUBIC) for h in (whole[:, :48], whole[:, 48:])]
    for epoch in (0, 5):
        batch = splits.validation.batch([(epoch, 1)])
        for half, image in zip((batch.input, batch.target), expected, strict=True):
            assert np.array_equal(half[0].permute(1, 2, 0).numpy(), np.asarray(image))


def test_without_augmentation_training_is_fixed(pairs):
    train = open_data(settings(pairs, augment=AugmentSettings(enabled=False)), 3).train
    assert torch.equal(train.batch([(0, 2)]).input, train.batch([(9, 2)]).input)


def test_direction_swaps_the_halves(pairs):
    a, b = (open_data(settings(pairs, direction=way), 3) for way in ("AtoB", "BtoA"))
    assert torch.equal(a.train.batch([(1, 2)]).input, b.train.batch([(1, 2)]).target)
    assert a.report.fingerprint != b.report.fingerprint


@pytest.mark.parametrize("change", [{"workers": 0}, {"cache": "disk"}, {"cache": "memory"}])
def test_what_must_not_change_a_result_does_not(pairs, change):
    plain, changed = open_data(settings(pairs), 3), open_data(settings(pairs, **change), 3)
    positions = [(epoch, index) for epoch in range(2) for index in range(8)]
    assert torch.equal(plain.train.batch(positions).input, changed.train.batch(positions).input)
    assert torch.equal(plain.train.batch(positions).target, changed.train.batch(positions).target)
    assert plain.report.fingerprint == changed.report.fingerprint
    assert changed.report.backend == change.get("cache", "memory")


def test_fingerprint_follows_content_and_settings_not_the_place(pairs, tmp_path_factory, draw):
    first = open_data(settings(pairs), 3).report.fingerprint
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    pairs.rename(moved)
    assert open_data(settings(moved), 3).report.fingerprint == first
    assert open_data(settings(moved, fit="crop"), 3).report.fingerprint != first
    draw(moved / "train" / "3.png", 77, 96, 48)
    assert open_data(settings(moved), 3).report.fingerprint != first


def test_report_is_json_and_counts(pairs):
    report = open_data(settings(pairs), 3).report
    document = json.loads(json.dumps(report.as_json()))
    assert document["schema"] == 1 and document["layout"] == "side-by-side"
    assert document["counts"] == {"train": 8, "validation": 3}
    assert document["names"]["validation"] == ["0", "1", "2"]
    assert not document["unreadable"] and not document["warnings"] and not document["unmatched"]


def test_progress_counts_all_pairs(pairs):
    told = []
    open_data(settings(pairs), 3, lambda done, total: told.append((done, total)))
    assert told == [(done, 11) for done in range(1, 12)]


def test_derived_inputs(tmp_path):
    for number, image in enumerate((astronaut(), chelsea())):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    splits = open_data(settings(tmp_path, derive=DeriveSettings(kind="edges")), 1)
    assert len(splits.train) == len(splits.validation) == 1
    batch = splits.train.batch([(0, 0)])
    assert set(batch.input.unique().tolist()) == {0, 255} and len(batch.target.unique()) > 50


def test_bad_files_are_skipped_and_listed_then_refused(pairs):
    whole = (pairs / "train/3.png").read_bytes()
    (pairs / "train/3.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (1, 1)).save(pairs / "val/0.png")
    splits = open_data(settings(pairs), 3)
    assert splits.train.names == ["0", "1", "2", "4", "5", "6", "7"] and splits.validation.names == ["1", "2"]
    reasons = {bad.file: bad.reason for bad in splits.report.unreadable}
    assert "truncated" in reasons[str(pairs / "train/3.png")]
    assert reasons[str(pairs / "val/0.png")].startswith("1 x 1 pixels is too small")
    with pytest.raises(DataError) as error:
        open_data(settings(pairs, max_bad=0.1), 3)
    assert "2 of 11" in error.value.message and "train/3.png" in error.value.message
    assert "data.max_bad (now 0.1)" in error.value.tip


def test_a_single_photograph_among_side_by_side_images_is_bad(pairs, draw):
    draw(pairs / "train" / "0.png", 0, 48, 48)
    (bad,) = open_data(settings(pairs), 3).report.unreadable
    assert bad.reason.startswith("48 x 48 pixels is no side-by-side pair")


def test_nothing_left_to_learn_from(tmp_path, draw):
    whole = draw(tmp_path / "train" / "0.png", 0, 256, 128).read_bytes()
    (tmp_path / "train" / "0.png").write_bytes(whole[: len(whole) // 2])
    draw(tmp_path / "val" / "0.png", 0, 96, 48)
    with pytest.raises(DataError, match="cannot be used"):
        open_data(settings(tmp_path, max_bad=1.0), 3)


def test_validation_images_in_training_are_warned_of(pairs):
    (pairs / "val/again.png").write_bytes((pairs / "train/5.png").read_bytes())
    (warning,) = open_data(settings(pairs), 3).report.warnings
    assert "1 validation pictures are also in training" in warning and "val/again.png = train/5.png" in warning
