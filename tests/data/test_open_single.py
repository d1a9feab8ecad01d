"""Single pictures, with class folders and without: found, labelled, split, drawn, and told truly when they are not."""

import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from limner.config.data import (
    AugmentSettings,
    DeriveSettings,
    DomainDataSettings,
    ImageDataSettings,
    LabelledDataSettings,
    PairedDataSettings,
    SyntheticSettings,
)
from limner.config.recipe import Recipe
from limner.data.inspect import inspect_folder
from limner.data.open import open_data
from limner.errors import DataError
from limner.synthetic.cached import with_synthetic

STILL = AugmentSettings(enabled=False)


def labelled(path, **more):
    return LabelledDataSettings(path=path, size=32, **{"workers": 1, **more})


def images(path, **more):
    return ImageDataSettings(path=path, size=32, **{"workers": 1, **more})


def refused(settings):
    with pytest.raises(DataError) as error:
        open_data(settings, 1)
    assert error.value.tip
    return error.value


@pytest.fixture
def classes(tmp_path, draw):
    """12 hats, 4 shoes, 2 coats; the same file names in each class."""
    for seed, (name, count) in enumerate((("shoe", 4), ("hat", 12), ("coat", 2))):
        for number in range(count):
            draw(tmp_path / "set" / name / f"{number}.png", 100 * seed + number, 40, 48)
    return tmp_path / "set"


def test_labels_are_the_class_folders(classes):
    splits = open_data(labelled(classes, augment=STILL), 1)
    report = splits.report
    assert (report.kind, report.unit, report.layout) == ("labelled", "image", "class-folders")
    assert list(report.classes) == ["coat", "hat", "shoe"] and sum(report.classes.values()) == len(splits.train)
    names = report.names["train"]
    batch = splits.train.batch([(3, index) for index in range(len(names))])
    assert batch.label.dtype == torch.int64
    assert [list(report.classes)[label] for label in batch.label] == [name.split("/")[0] for name in names]
    for row, name in enumerate(names):
        whole = Image.open(classes / f"{name}.png").resize((32, 32), Image.Resampling.BICUBIC)
        assert np.array_equal(batch.image[row].permute(1, 2, 0).numpy(), np.asarray(whole))


def test_every_class_is_divided_by_itself(classes):
    report = open_data(labelled(classes), 1).report
    kept, learnt = (Counter(n.split("/")[0] for n in report.names[split]) for split in ("validation", "train"))
    assert set(kept) == set(learnt) == {"coat", "hat", "shoe"} and report.split_made
    assert report.counts["train"] + report.counts["validation"] == 18


def test_references_bear_labels_and_nothing_of_translation(classes):
    splits = open_data(labelled(classes), 1)
    shown = splits.validation.references(9)
    assert shown.inputs is None and shown.targets is None and not shown.domains
    assert shown.labels.tolist() == [["coat", "hat", "shoe"].index(name.split("/")[0]) for name in shown.names]
    assert len(shown.images) == len(shown.names) == len(splits.validation)
    assert torch.equal(splits.train.references(4).images, splits.train.references(4).images)


def test_chosen_classes_in_a_chosen_order(classes):
    settings = labelled(classes, classes=["shoe", "coat"])
    report = open_data(settings, 1).report
    assert list(report.classes) == ["shoe", "coat"] and report.counts["train"] + report.counts["validation"] == 6
    assert report.warnings[0] == "class folders that are left out: hat"
    assert report.fingerprint != open_data(labelled(classes, classes=["coat", "shoe"]), 1).report.fingerprint
    error = refused(labelled(classes, classes=["shoes", "coat"]))
    assert "data.classes names 'shoes'" in error.message and "'shoe'" in error.tip
    assert "coat, hat, shoe" in refused(labelled(classes, classes=["zebra", "coat"])).tip
    with pytest.raises(ValueError, match="'hat' more than once"):
        labelled(classes, classes=["hat", "hat"])


def test_resolved_classes_are_the_same_data(classes):
    report = open_data(labelled(classes), 1).report
    assert tuple(report.classes) == ("coat", "hat", "shoe")
    assert open_data(labelled(classes, classes=tuple(report.classes)), 1).report.fingerprint == report.fingerprint
    first = report.fingerprint
    (classes / "hat").rename(classes / "cap")
    (classes / "coat").rename(classes / "anorak")
    assert open_data(labelled(classes), 1).report.fingerprint != first


def test_split_folders_and_a_class_that_is_not_in_training(classes, draw):
    root = classes.parent / "split"
    shutil.copytree(classes, root / "train")
    draw(root / "test" / "hat" / "x.png", 400)
    draw(root / "test" / "glove" / "x.png", 401)
    report = open_data(labelled(root), 1).report
    assert not report.split_made and report.names["validation"] == ["hat/x"]
    assert "no validation pictures of coat, shoe" in report.warnings
    assert "class folders that are left out: glove" in report.warnings
    assert any("test serve as validation" in warning for warning in report.warnings)


def test_balanced_draws_every_class_equally_often(classes):
    settings = labelled(classes, validation=0.0, augment=STILL)
    plain, even = open_data(settings, 5).train, open_data(settings.model_copy(update={"balanced": True}), 5).train
    positions = [(epoch, index) for epoch in range(8) for index in range(18)]
    assert Counter(plain.batch(positions).label.tolist()) == {0: 16, 1: 96, 2: 32}
    batch = even.batch(positions)
    assert Counter(batch.label.tolist()) == {0: 48, 1: 48, 2: 48}
    drawn = Counter(bytes(image) for image in batch.image.numpy())
    assert len(drawn) == 18 and set(drawn.values()) == {24, 4, 12}, "within a class each picture equally often"
    assert torch.equal(even.batch(positions[::-1]).image.flip(0), batch.image)


def test_what_is_no_class_folder_is_refused(tmp_path, classes, draw):
    assert "outside of any class folder, 12" in refused(labelled(classes / "hat")).message
    draw(classes / "loose.png", 7)
    error = refused(labelled(classes))
    assert "outside of any class folder, 1 such as loose.png" in error.message
    assert inspect_folder(classes, workers=0).kind == "images"
    shutil.rmtree(classes / "hat")
    (classes / "loose.png").unlink()
    shutil.rmtree(classes / "coat")
    assert "no folders of two or more classes" in refused(labelled(classes)).message
    with pytest.raises(DataError, match="no pictures are given"):
        open_data(LabelledDataSettings(), 1)
    assert "there is no folder" in refused(labelled(tmp_path / "none")).message


def test_a_class_without_a_usable_picture_is_refused(classes):
    for file in (classes / "coat").iterdir():
        file.write_bytes(b"")
    assert "no training picture of the class 'coat'" in refused(labelled(classes)).message
    assert open_data(labelled(classes, classes=["hat", "shoe"]), 1).report.kind == "labelled"


@pytest.mark.parametrize("names", [("cat", "dog"), ("a", "b", "c")])
def test_classes_that_look_like_halves_of_pairs(tmp_path, draw, names):
    for seed, name in enumerate(names):
        for number in range(3):
            draw(tmp_path / name / f"{number}.png", 10 * seed + number)
    assert tuple(open_data(labelled(tmp_path), 1).report.classes) == names
    assert inspect_folder(tmp_path, workers=0).kind == ("pairs" if len(names) == 2 else "labelled")


def test_images_of_any_folder_without_domains(classes, draw, tmp_path):
    splits = open_data(images(classes), 1)
    report = splits.report
    assert (report.kind, report.unit, report.classes) == ("images", "image", {}) and len(report.counts) == 2
    batch = splits.train.batch([(0, 0), (1, 0), (2, 0), (3, 0)])
    assert batch.image.shape == (4, 3, 32, 32) and len(torch.unique(batch.image, dim=0)) > 1
    shown = splits.validation.references(99)
    assert shown.labels is shown.inputs is shown.targets is None and len(shown.images) == len(splits.validation)
    draw(tmp_path / "two" / "trainA" / "a.png")
    draw(tmp_path / "two" / "trainB" / "b.png")
    error = refused(images(tmp_path / "two"))
    assert "belong together" in error.message and error.tip.endswith(f"data.path={tmp_path / 'two' / 'trainA'}")
    shutil.rmtree(tmp_path / "two" / "trainB")
    assert open_data(images(tmp_path / "two"), 1).report.counts == {"train": 1, "validation": 0}


def test_advice_follows_the_kind(classes, tmp_path, draw):
    assert "too few for a generator from labels" in open_data(labelled(classes), 1).report.remarks()[0]
    assert "too few for a generator from noise" in open_data(images(classes), 1).report.remarks()[0]
    edges = DeriveSettings(kind="grey")
    paired = open_data(PairedDataSettings(path=classes, size=32, workers=1, derive=edges), 1).report
    assert "too few for pix2pix" in paired.remarks()[0] and (paired.kind, paired.unit) == ("pairs", "pair")
    both = {"path": classes / "hat", "path_b": classes / "shoe"}
    domains = open_data(DomainDataSettings(**both, size=32, workers=1), 1).report
    assert "too few for CycleGAN" in domains.remarks()[0] and (domains.kind, domains.unit) == ("domains", "image")


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (LabelledDataSettings(synthetic=SyntheticSettings(task="styles", count=20)), "labelled"),
        (ImageDataSettings(synthetic=SyntheticSettings(task="styles", count=20)), "images"),
        (PairedDataSettings(synthetic=SyntheticSettings(task="degraded", count=10)), "pairs"),
        (DomainDataSettings(synthetic=SyntheticSettings(task="degraded", count=10)), "domains"),
    ],
)
def test_drawn_pictures_serve_each_kind(settings, kind):
    settings = with_synthetic(settings.model_copy(update={"size": 32, "workers": 1}))
    report = open_data(settings, 1).report
    assert report.kind == kind and (len(report.classes) >= 4) == (kind == "labelled")
    assert with_synthetic(settings) is settings


def test_what_is_drawn_must_be_of_the_kind():
    with pytest.raises(ValueError, match=r"data\.synthetic\.task is styles.*set it to labels or degraded"):
        PairedDataSettings(synthetic=SyntheticSettings(task="styles"))


def test_the_base_names_nothing_of_pairs():
    base = type(Recipe.model_fields["data"].default)
    assert not {"path_b", "direction", "derive", "paired", "classes"} & base.model_fields.keys()


@pytest.mark.parametrize("channels", [1, 4])
def test_channels(tmp_path, draw, channels):
    for number in range(6):
        draw(tmp_path / "wide" / f"{number}.png", number, 64, 32)
    Image.open(tmp_path / "wide/0.png").convert("L").save(tmp_path / "wide/0.png")
    mode = {1: "L", 4: "RGBA"}[channels]
    single = open_data(images(tmp_path / "wide", channels=channels, augment=STILL), 1)
    shown = single.train.references(1)
    whole = Image.open(tmp_path / f"wide/{shown.names[0]}.png").convert(mode).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.array_equal(shown.images[0].permute(1, 2, 0).numpy().squeeze(), np.asarray(whole))
    assert single.train.batch([(0, 0)]).image.shape == (1, channels, 32, 32)
    same = {"path": tmp_path / "wide", "size": 32, "workers": 1, "channels": channels}
    pairs = open_data(PairedDataSettings(**same), 1)
    assert pairs.train.batch([(0, 0)]).target.shape == (1, channels, 32, 32)
    domains = open_data(DomainDataSettings(**same, augment={"scale": 0.5}), 1)
    assert domains.train.batch([(0, 0)]).b.shape == (1, channels, 32, 32)
    for kind in ("edges", "grey", "low-resolution", "blur-noise"):
        derived = open_data(PairedDataSettings(**same, derive=DeriveSettings(kind=kind)), 1)
        assert derived.train.batch([(0, 0)]).input.shape == (1, channels, 32, 32)
    rgb = open_data(PairedDataSettings(**{**same, "channels": 3}), 1)
    assert rgb.report.fingerprint != pairs.report.fingerprint
    with pytest.raises(ValueError, match="channels"):
        images(tmp_path, channels=2)
