"""Every layout is found by looking, and every folder that cannot be used is refused with one clear message."""

import json
import shutil

import pytest
from listings import found, refused, shown

from limner.config.data import DeriveSettings, DomainDataSettings, PairedDataSettings
from limner.data.contents import TEST_SERVES
from limner.data.discover import discover
from limner.data.inspect import inspect_folder
from limner.data.listing import divide
from limner.data.pairing import Item, Source
from limner.errors import DataError

EDGES = DeriveSettings(kind="edges")


def test_side_by_side_in_split_folders(tmp_path, draw):
    for split in ("train", "validation", "test"):
        draw(tmp_path / split / "1.jpg", 0, 64, 32)
    draw(tmp_path / "train" / ".hidden.jpg", 0, 64, 32)
    listing = found(tmp_path)
    assert listing.layout == "side-by-side" and not listing.split_made
    assert shown(listing.train[0], tmp_path) == [("1", "train/1.jpg:left", "train/1.jpg:right")]
    assert shown(listing.validation[0], tmp_path) == [("1", "validation/1.jpg:left", "validation/1.jpg:right")]
    turned = found(tmp_path, direction="BtoA")
    assert shown(turned.train[0], tmp_path) == [("1", "train/1.jpg:right", "train/1.jpg:left")]


def test_test_serves_as_validation_only_when_there_is_no_other(tmp_path, draw):
    draw(tmp_path / "train" / "1.jpg", 0, 64, 32)
    draw(tmp_path / "test" / "2.jpg", 0, 64, 32)
    listing = found(tmp_path)
    assert [pair.name for pair in listing.validation[0]] == ["2"] and listing.warnings == [TEST_SERVES]
    assert "no val pictures" in TEST_SERVES and "test serve as validation" in TEST_SERVES
    draw(tmp_path / "val" / "3.jpg", 0, 64, 32)
    listing = found(tmp_path)
    assert [pair.name for pair in listing.validation[0]] == ["3"] and listing.warnings == []


def test_flat_folder_of_side_by_side_images_is_divided(tmp_path, draw):
    for number in range(10):
        draw(tmp_path / f"{number}.png", number, 64, 32)
    listing = found(tmp_path)
    assert listing.split_made and len(listing.validation[0]) >= 1
    assert sorted(p.name for p in listing.train[0] + listing.validation[0]) == [str(n) for n in range(10)]


@pytest.mark.parametrize("halves", ["train{}", "{}/train", "train_{}"])
def test_two_domains_matched_by_name(tmp_path, draw, halves):
    a, b = (tmp_path / halves.format(domain) for domain in "AB")
    for name in ("x", "deep/y"):
        draw(a / f"{name}.png")
        draw(b / f"{name}.jpg")
    listing = found(tmp_path, validation=0.0)
    names = [
        (pair.name, pair.sources[0].path.relative_to(a).name, pair.sources[1].path.name) for pair in listing.train[0]
    ]
    assert names == [("deep/y", "y.png", "y.jpg"), ("x", "x.png", "x.jpg")]
    turned = found(tmp_path, validation=0.0, direction="BtoA")
    assert turned.train[0][0].sources[0].path == b / "deep/y.jpg"


def test_two_domains_without_splits_and_two_paths(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "A" / f"{number}.png")
        draw(tmp_path / "B" / f"{number}.png")
    assert found(tmp_path).layout == "A-B"
    shutil.move(tmp_path / "A", tmp_path / "phone")
    shutil.move(tmp_path / "B", tmp_path / "canon")
    listing = found(tmp_path / "phone", path_b=tmp_path / "canon")
    assert listing.layout == "two-folders" and len(listing.train[0]) + len(listing.validation[0]) == 3
    assert all(p.sources[0].path.name == p.sources[1].path.name for p in listing.train[0])


def test_same_stem_with_two_suffixes_is_paired_by_the_whole_name(tmp_path, draw):
    for folder in ("trainA", "trainB"):
        for suffix in ("png", "jpg"):
            draw(tmp_path / folder / f"x.{suffix}")
    pairs = found(tmp_path, validation=0.0).train[0]
    assert [(p.sources[0].path.suffix, p.sources[1].path.suffix) for p in pairs] == [(".jpg", ".jpg"), (".png", ".png")]


def write_list(file, *rows):
    file.write_text(
        "\n".join(json.dumps(dict(zip(("input_file_name", "target_file_name"), row, strict=True))) for row in rows)
    )


def test_metadata_in_the_root_or_in_the_splits(tmp_path, draw):
    for name in ("train/a.png", "train/b.png", "val/c.png", "val/d.png"):
        draw(tmp_path / name)
    write_list(tmp_path / "metadata.jsonl", ("train/a.png", "train/b.png"), ("val/c.png", "val/d.png"))
    listing = found(tmp_path)
    assert listing.layout == "metadata"
    assert shown(listing.train[0], tmp_path) == [("train/b", "train/a.png", "train/b.png")]
    assert shown(listing.validation[0], tmp_path) == [("val/d", "val/c.png", "val/d.png")]
    (tmp_path / "metadata.jsonl").unlink()
    write_list(tmp_path / "train/metadata.jsonl", ("a.png", "b.png"))
    write_list(tmp_path / "val/metadata.jsonl", ("c.png", "d.png"))
    assert shown(found(tmp_path, direction="BtoA").validation[0], tmp_path) == [("d", "val/d.png", "val/c.png")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "line 2 is not an object"),
        ('{"input_file_name": "a.png"}', "line 2 is not an object"),
        ('{"input_file_name": "../a.png", "target_file_name": "b.png"}', "not a path inside"),
        ('{"input_file_name": "/etc/a.png", "target_file_name": "b.png"}', "not a path inside"),
        ('{"input_file_name": 3, "target_file_name": "b.png"}', "not a path inside"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, reason):
    (tmp_path / "metadata.jsonl").write_text(f"\n{line}\n")
    assert reason in refused(tmp_path).message


def test_a_list_of_missing_files_is_refused(tmp_path, draw):
    draw(tmp_path / "a.png")
    write_list(tmp_path / "metadata.jsonl", ("a.png", "gone.png"))
    assert "gone.png (metadata.jsonl line 1: no such file)" in refused(tmp_path).message


def test_photographs_with_class_folders_and_splits(tmp_path, draw):
    for name in ("train/hat/1.jpg", "train/shoe/1.jpg", "val/hat/2.jpg"):
        draw(tmp_path / name)
    listing = found(tmp_path, derive=EDGES)
    assert listing.layout == "class-folders"
    assert shown(listing.train[0], tmp_path) == [
        ("hat/1", None, "train/hat/1.jpg"),
        ("shoe/1", None, "train/shoe/1.jpg"),
    ]
    assert shown(listing.validation[0], tmp_path) == [("hat/2", None, "val/hat/2.jpg")]


def test_single_photographs_without_derive_name_the_remedy(tmp_path, draw):
    draw(tmp_path / "a.png")
    assert "data.derive.kind=edges" in refused(tmp_path).tip


def test_wide_photographs_are_derived_with_a_warning(tmp_path, draw):
    draw(tmp_path / "a.png", 0, 64, 32)
    assert any("remove data.derive" in warning for warning in found(tmp_path, derive=EDGES).warnings)


def test_derive_from_pairs_is_refused(tmp_path, draw):
    draw(tmp_path / "trainA" / "a.png")
    draw(tmp_path / "trainB" / "a.png")
    assert "already holds pairs" in refused(tmp_path, derive=EDGES).message


def test_missing_empty_and_wrong_folders(tmp_path, draw):
    assert "there is no folder" in refused(tmp_path / "none").message
    assert "is empty" in refused(tmp_path).message
    assert refused(draw(tmp_path / "a.png")).message.endswith("is a file, not a folder of pictures")
    with pytest.raises(DataError, match="no pictures are given"):
        discover(PairedDataSettings())


def test_folder_of_text_files(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("words")
    error = refused(tmp_path)
    assert "holds no pictures, only other files (3 .txt)" in error.message and "JPEG" in error.tip


@pytest.mark.parametrize("which", [".", "train", "trainB"])
def test_a_closed_folder_is_not_an_empty_one(tmp_path, draw, close, which):
    names = ("trainA/a.png", "trainB/a.png") if which == "trainB" else ("train/a.png", "val/a.png")
    for name in names:
        draw(tmp_path / name, 0, 64, 32)
    close(tmp_path / which)
    error = refused(tmp_path)
    assert error.message == f"{tmp_path / which} cannot be read: permission denied" and "reading" in error.tip


def test_closed_folders_among_the_images_are_named(tmp_path, draw, close):
    for name in ("x/1.png", "x/2.png", "y/3.png"):
        draw(tmp_path / name, 0, 64, 32)
    assert found(tmp_path).warnings == []
    close(tmp_path / "y")
    listing = found(tmp_path)
    assert len(listing.train[0]) + len(listing.validation[0]) == 2
    assert listing.warnings == [
        f"1 folders cannot be read, so what is in them is left out: {tmp_path / 'y'} (permission denied)"
    ]
    close(tmp_path / "x")
    assert f"no pictures that can be seen: {tmp_path / 'x'} (permission denied)" in refused(tmp_path).message


@pytest.mark.parametrize("paired", [True, False])
def test_closed_folders_of_a_domain_are_named_once(tmp_path, draw, close, paired):
    for name in ("trainA/1.png", "trainA/2.png", "trainB/1.png", "trainB/2.png", "trainB/more/3.png"):
        draw(tmp_path / name)
    close(tmp_path / "trainB" / "more")
    (warning,) = discover(DomainDataSettings(path=tmp_path, paired=paired)).warnings
    assert f"{tmp_path / 'trainB/more'} (permission denied)" in warning
    assert [note for note in inspect_folder(tmp_path, workers=0).notes if "cannot be read" in note] == [warning]


def test_a_folder_below_a_closed_one(tmp_path, draw, monkeypatch):
    draw(tmp_path / "a.png", 0, 64, 32)

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(tmp_path), "stat", refuse)
    assert refused(tmp_path).message == f"{tmp_path} cannot be read: permission denied"
    with pytest.raises(DataError, match="permission denied"):
        inspect_folder(tmp_path)


def test_a_list_that_names_files_of_a_closed_folder(tmp_path, draw, monkeypatch):
    for name in ("a.png", "b.png"):
        draw(tmp_path / name)
    write_list(tmp_path / "metadata.jsonl", ("a.png", "b.png"))
    real = type(tmp_path).is_file

    def is_file(path):
        if path.suffix == ".png":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(type(tmp_path), "is_file", is_file)
    assert "a.png (metadata.jsonl line 1: permission denied)" in refused(tmp_path).message


def test_domain_without_the_other(tmp_path, draw):
    draw(tmp_path / "trainA" / "a.png")
    assert "has a folder trainA but no trainB" in refused(tmp_path).message
    draw(tmp_path / "trainB" / "b.png")
    error = refused(tmp_path)
    assert "two domains without pairs" in error.message and "trainA/a.png" in error.message


def test_split_folder_without_partner(tmp_path, draw):
    for name in ("A/train/a.png", "B/train/a.png", "A/val/a.png"):
        draw(tmp_path / name)
    assert "has no partner folder" in refused(tmp_path).message


def test_only_validation_is_refused(tmp_path, draw):
    draw(tmp_path / "val" / "a.png", 0, 64, 32)
    assert "no training pictures" in refused(tmp_path).message


def numbered(count):
    from pathlib import Path

    return [Item(str(number), (Source(Path(f"{number}.png")),)) for number in range(count)]


def test_a_new_image_moves_no_other():
    before, after = ({p.name for p in divide(numbered(count), 0.2)[1]} for count in (300, 400))
    assert before == {name for name in after if int(name) < 300}
    assert 40 <= len(before) <= 80


@pytest.mark.parametrize(("count", "share", "kept"), [(1, 0.5, 0), (2, 0.001, 1), (2, 0.999, 1), (5, 0.999, 4)])
def test_small_sets_keep_at_least_one_on_each_side(count, share, kept):
    train, validation = divide(numbered(count), share)
    assert len(validation) == kept and len(train) == count - kept


def test_a_split_of_one_half_alone_is_refused_by_name(tmp_path, draw):
    for name in ("trainA/a.png", "trainB/a.png", "test_b/a.png"):
        draw(tmp_path / name)
    assert refused(tmp_path).message.endswith("has a folder test_b but no test_a")
    draw(tmp_path / "x" / "val" / "a.png")
    draw(tmp_path / "x" / "train" / "a.png")
    message = refused(tmp_path / "x", path_b=tmp_path / "trainB").message
    assert message == f"{tmp_path / 'x/val'} has no partner folder in {tmp_path / 'trainB'}"
