"""Two domains found, decoded and shown: layouts, hidden truth, bad files, the cache."""

import itertools
import json

import numpy as np
import pytest
import torch
from domain_settings import opened, refused, settings
from PIL import Image

from limner.config.data import DomainAugmentSettings, DomainDataSettings
from limner.data import decoded as decoded_module
from limner.data.augment import resized
from limner.data.open import open_data

STILL = DomainAugmentSettings(enabled=False)


def img(path, half=None, size=32):
    image = Image.open(path)
    width, height = image.size
    if half is not None:
        image = image.crop((0, 0, width // 2, height) if half == "left" else (width - width // 2, 0, width, height))
    return torch.from_numpy(np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)).transpose(2, 0, 1).copy())


def test_how_large_images_are_stored(domains):
    def side(**augment):
        return DomainAugmentSettings(**augment).stored(256)

    assert (
        side() == 286 and side(scale=1.0) == 286 and side(enlarge=1.0) == 256 and side(enabled=False, scale=0.5) == 256
    )
    assert side(scale=0.5) == 362 and side(scale=0.5, enlarge=2.0) == 362 and side(scale=0.1) == 512
    plain = opened(domains).report.bytes
    assert opened(domains, augment_b=DomainAugmentSettings(scale=0.5)).report.bytes - plain == 3 * 3 * (45**2 - 36**2)


def test_settings_that_cannot_be_meant():
    with pytest.raises(ValueError, match=r"data\.path is not"):
        DomainDataSettings(path_b=".")
    with pytest.raises(ValueError, match=r"clear data\.augment_b"):
        DomainDataSettings(path=".", paired=True, augment_b=DomainAugmentSettings(flip=0.0))
    same = DomainDataSettings(path=".", paired=True, augment_b=DomainAugmentSettings())
    assert same.augments == (same.augment, same.augment)


def test_stored_pixels_are_the_images(domains):
    splits = opened(domains, augment=STILL)
    a, b = splits.train.references(9), splits.train.references(9, back=True)
    assert a.names == [f"horse{n}" for n in range(5)] and b.names == [f"zebra{n}" for n in range(3)]
    assert torch.equal(a.inputs, torch.stack([img(domains / f"trainA/{name}.png") for name in a.names]))
    assert torch.equal(b.inputs, torch.stack([img(domains / f"trainB/{name}.jpg") for name in b.names]))
    assert torch.equal(a.images, b.inputs) and torch.equal(b.images, a.inputs) and a.targets is b.targets is None
    batch = splits.train.batch([(2, index) for index in range(5)])
    assert sorted(map(hash, map(bytes, batch.a.numpy()))) == sorted(map(hash, map(bytes, a.inputs.numpy())))


def test_what_is_shown_is_spread_whole_and_never_varied(domains):
    train, validation = (lambda splits: (splits.train, splits.validation))(opened(domains))
    few = train.references(2)
    assert (
        few.names == ["horse0", "horse2"]
        and len(few.images) == 2
        and torch.equal(few.inputs, train.references(2).inputs)
    )
    whole = img(domains / "trainA/horse2.png", size=36)
    assert torch.equal(few.inputs[1], resized(whole, 32))
    assert len(validation) == 3 and not validation.paired
    for epoch in (0, 4):
        batch = validation.batch([(epoch, 2)])
        assert torch.equal(batch.a[0], img(domains / "testA/horse7.png"))
        assert torch.equal(batch.b[0], img(domains / "testB/zebra9.jpg"))


def test_validation_follows_the_names(domains):
    shown = opened(domains).validation.references(9, back=True)
    assert shown.names == ["zebra10", "zebra11", "zebra9"]
    assert torch.equal(shown.inputs[0], img(domains / "testB/zebra10.jpg"))


@pytest.mark.parametrize(
    ("a", "b", "layout"),
    [("{}A", "{}B", "trainA-trainB"), ("A/{}", "B/{}", "A-B"), ("horses/{}", "zebras/{}", "two-folders")],
)
def test_layouts(tmp_path, draw, a, b, layout):
    seeds = itertools.count()
    for domain, counts in ((a, {"train": 4, "val": 1}), (b, {"train": 2, "val": 3})):
        for split, count in counts.items():
            for number in range(count):
                draw(tmp_path / domain.format(split) / f"{domain[0]}{number}.png", next(seeds))
    two = {"path_b": tmp_path / "zebras"} if layout == "two-folders" else {}
    root = tmp_path / "horses" if two else tmp_path
    report = opened(root, **two).report
    assert (report.layout, report.split_made) == (layout, False)
    assert report.counts == {"train A": 4, "train B": 2, "validation A": 1, "validation B": 3}
    turned = opened(root, **two, direction="BtoA").report
    assert turned.counts == {"train A": 2, "train B": 4, "validation A": 3, "validation B": 1}
    assert turned.names["train A"] == report.names["train B"] and turned.fingerprint != report.fingerprint


def test_two_folders_of_which_one_has_splits(tmp_path, draw):
    for number in range(20):
        draw(tmp_path / "flat" / "deep" / f"f{number}.png", number)
    for number in range(3):
        draw(tmp_path / "split" / "train" / f"s{number}.png", 100 + number)
        draw(tmp_path / "split" / "test" / f"t{number}.png", 200 + number)
    report = opened(tmp_path / "flat", path_b=tmp_path / "split").report
    assert report.counts["train B"] == report.counts["validation B"] == 3 and report.split_made
    assert report.counts["train A"] + report.counts["validation A"] == 20 and report.counts["validation A"] >= 1
    assert all(name.startswith("deep/f") for name in report.names["train A"])


def test_a_test_folder_of_one_domain_alone_is_used(domains):
    for file in (domains / "testB").iterdir():
        file.unlink()
    (domains / "testB").rmdir()
    report = opened(domains).report
    assert report.counts == {"train A": 5, "train B": 2, "validation A": 2, "validation B": 1}


def test_without_validation_images_there_is_nothing_to_ask_for(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "trainA" / f"a{number}.png", number)
        draw(tmp_path / "trainB" / f"b{number}.png", 50 + number)
    splits = opened(tmp_path, validation=0.0)
    shown = splits.validation.references(4)
    assert len(splits.validation) == 0 and shown.inputs.shape == (0, 3, 32, 32) and not splits.validation.paired


@pytest.fixture
def side_by_side(tmp_path, draw):
    for number in range(8):
        draw(tmp_path / "train" / f"{number}.png", number, 96, 48)
    for number in range(3):
        draw(tmp_path / "val" / f"{number}.png", 100 + number, 96, 48)
    return tmp_path


@pytest.mark.parametrize(("direction", "first"), [("AtoB", "left"), ("BtoA", "right")])
def test_side_by_side_pairs_are_drawn_apart_and_measured_as_pairs(side_by_side, direction, first):
    splits = opened(side_by_side, direction=direction, augment=STILL)
    second = {"left": "right", "right": "left"}[first]
    shown = splits.validation.references(2)
    assert splits.validation.paired and not splits.train.paired and splits.train.references(1).targets is None
    assert torch.equal(shown.inputs[1], img(side_by_side / "val/1.png", first))
    assert torch.equal(shown.targets[1], img(side_by_side / "val/1.png", second))
    back = splits.validation.references(2, back=True)
    assert torch.equal(back.inputs, shown.targets) and torch.equal(back.targets, shown.inputs)
    batch = splits.train.batch([(epoch, index) for epoch in range(9) for index in range(8)])
    halves = [splits.train.references(8, back).inputs.numpy() for back in (False, True)]
    partners = {bytes(a): bytes(b) for a, b in zip(*halves, strict=True)}
    together = [partners[bytes(a)] == bytes(b) for a, b in zip(batch.a.numpy(), batch.b.numpy(), strict=True)]
    assert sum(together) < 25
    assert any("hidden truth of validation (3 pairs)" in warning for warning in splits.report.warnings)


def test_a_list_of_pairs(tmp_path, draw):
    rows = [(f"in/{n}.png", f"out/{n}.png") for n in range(4)] + [
        ("in/0.png", "out/extra.png"),
        ("in/0.png", "gone.png"),
    ]
    for number, name in enumerate(sorted({name for row in rows[:5] for name in row})):
        draw(tmp_path / name, number)
    lines = [json.dumps({"input_file_name": a, "target_file_name": b}) for a, b in rows]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    report = opened(tmp_path, validation=0.0).report
    assert report.layout == "metadata" and report.counts["train A"] == 4 and report.counts["train B"] == 5
    assert "gone.png" in report.unmatched[0] and "1 pictures without a partner" in report.warnings[0]


def test_equal_names_in_validation_are_the_hidden_truth(domains, draw):
    for number in range(20):
        draw(domains / "valA" / f"{number}.png", 200 + number)
        draw(domains / "valB" / f"{number}.jpg", 300 + number)
    draw(domains / "valA" / "lone.png", 400)
    draw(domains / "valB" / "sole.png", 401)
    splits = opened(domains)
    assert splits.validation.paired and len(splits.validation) == 20
    assert splits.report.unmatched == ["valA/lone.png", "valB/sole.png"]
    shown = splits.validation.references(20)
    assert torch.equal(shown.inputs[3], img(domains / f"valA/{shown.names[3]}.png"))
    assert torch.equal(shown.targets[3], img(domains / f"valB/{shown.names[3]}.jpg"))
    assert torch.equal(shown.images, shown.targets)
    truth, left_out = splits.report.warnings
    assert "equal names" in truth and "never trained on" in truth
    assert left_out == "2 validation pictures without a partner of the same name are left out"
    for number in range(3):
        draw(domains / "valA" / f"more{number}.png", 500 + number)
        draw(domains / "valB" / f"other{number}.png", 600 + number)
    splits = opened(domains)
    assert (
        not splits.validation.paired and splits.validation.references(3).targets is None and not splits.report.warnings
    )
    assert splits.report.counts["validation A"] == 24


def test_a_bad_half_leaves_the_hidden_truth_aligned(draw, tmp_path_factory):
    root, seeds = tmp_path_factory.mktemp("halves"), itertools.count()
    for number in range(6):
        for split in ("train", "val"):
            for domain in "AB":
                draw(root / f"{split}{domain}" / f"{number}.png", next(seeds))
    for name in ("valA/2.png", "valB/4.png", "trainB/1.png"):
        (root / name).write_bytes(b"")
    splits = opened(root, paired=True, augment=STILL)
    assert splits.validation.references(9).names == ["0", "1", "3", "5"] and len(splits.train) == 5
    for images, split in ((splits.validation, "val"), (splits.train, "train")):
        shown = images.references(9)
        for row, name in enumerate(shown.names):
            assert torch.equal(shown.inputs[row], img(root / f"{split}A/{name}.png"))
            assert torch.equal(shown.targets[row], img(root / f"{split}B/{name}.png"))
        batch = images.batch([(3, index) for index in range(len(images))])
        assert torch.equal(batch.a, shown.inputs) and torch.equal(batch.b, shown.targets)
    assert sorted(bad.file for bad in splits.report.unreadable) == sorted(
        str(root / name) for name in ("valA/2.png", "valB/4.png", "trainB/1.png")
    )


def test_divided_domains_put_equal_names_in_the_same_split(tmp_path, draw):
    for number in range(40):
        draw(tmp_path / "A" / f"{number}.png", number)
        draw(tmp_path / "B" / f"{number}.png", 100 + number)
    report = opened(tmp_path).report
    assert report.names["validation A"] == report.names["validation B"] and report.split_made
    assert not set(report.names["train A"]) & set(report.names["validation A"])


def test_paired_training_is_as_in_pix2pix(domains, draw, tmp_path):
    assert "data.paired=true needs equal names" in refused(domains, paired=True).message
    for number in range(6):
        draw(domains / "trainA" / f"{number}.png", 200 + number)
        draw(domains / "trainB" / f"{number}.png", 300 + number)
    error = refused(domains, paired=True)
    assert "have no partner" in error.message and "data.max_bad" in error.tip
    splits = opened(domains, paired=True, max_bad=1.0)
    names = splits.report.names
    assert names["train A"] == names["train B"] and names["validation A"] == names["validation B"]
    assert sorted(names["train A"] + names["validation A"]) == [str(n) for n in range(6)], "testA has no pairs"
    assert (
        splits.train.paired
        and len(splits.train) == len(names["train A"])
        and "testA/horse7.png" in splits.report.unmatched
    )


def test_validation_images_in_training_are_warned_of(domains):
    (domains / "testB/again.jpg").write_bytes((domains / "trainB/zebra1.jpg").read_bytes())
    (warning,) = opened(domains).report.warnings
    assert "1 validation pictures are also in training" in warning
    assert "testB/again.jpg = trainB/zebra1.jpg" in warning


def test_bad_files_count_in_their_own_domain(domains):
    (domains / "trainB/zebra1.jpg").write_bytes(b"words")
    report = opened(domains).report
    assert report.names["train B"] == ["zebra0", "zebra2"] and len(report.names["train A"]) == 5
    assert [(bad.file, bad.reason) for bad in report.unreadable] == [
        (str(domains / "trainB/zebra1.jpg"), "a text file, not a picture")
    ]
    error = refused(domains, max_bad=0.15)
    assert (
        f"1 of 6 pictures in domain B ({domains / 'trainB'})" in error.message
        and "zebra1.jpg: a text file" in error.message
    )
    assert "data.max_bad (now 0.15)" in error.tip


def test_second_start_decodes_nothing(domains, monkeypatch):
    calls = []
    real = decoded_module.decode_item
    monkeypatch.setattr(decoded_module, "decode_item", lambda item, how: calls.append(item.name) or real(item, how))
    first = opened(domains)
    assert len(calls) == 13
    for change in ({}, {"cache": "disk"}, {"workers": 0}):
        again = opened(domains, **change)
        positions = [(epoch, index) for epoch in range(3) for index in range(5)]
        assert torch.equal(first.train.batch(positions).a, again.train.batch(positions).a)
        assert torch.equal(first.train.batch(positions).b, again.train.batch(positions).b)
        assert again.report.fingerprint == first.report.fingerprint and again.report.backend == (
            change.get("cache") or "memory"
        )
    assert len(calls) == 13
    opened(domains, direction="BtoA")
    assert len(calls) == 13, "each domain has entries of its own"


def test_fingerprint_follows_content_and_settings_not_the_place(domains, tmp_path_factory, draw):
    first = opened(domains).report.fingerprint
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    domains.rename(moved)
    assert opened(moved).report.fingerprint == first
    assert opened(moved, augment_b=DomainAugmentSettings()).report.fingerprint == first
    changes = ({"augment_b": STILL}, {"augment": STILL}, {"fit": "crop"}, {"direction": "BtoA"})
    changed = [opened(moved, **change).report.fingerprint for change in changes]
    draw(moved / "trainB" / "zebra0.jpg", 77)
    changed.append(opened(moved).report.fingerprint)
    assert len({first, *changed}) == 6


def test_paired_changes_the_fingerprint(side_by_side):
    assert opened(side_by_side).report.fingerprint != opened(side_by_side, paired=True).report.fingerprint


def test_report_is_json_and_progress_counts_all(domains):
    told = []
    report = open_data(settings(domains), 3, lambda done, total: told.append((done, total))).report
    document = json.loads(json.dumps(report.as_json()))
    assert document["schema"] == 1 and document["layout"] == "trainA-trainB"
    assert document["counts"] == {"train A": 5, "train B": 3, "validation A": 2, "validation B": 3}
    assert document["names"]["validation A"] == ["horse7", "horse8"]
    assert not document["unreadable"] and not document["warnings"] and not document["unmatched"]
    assert told == [(done, 13) for done in range(1, 14)]


def test_how_the_domains_differ_is_said(tmp_path):
    for domain, shade in (("A", 60), ("B", 190)):
        (tmp_path / f"train{domain}").mkdir()
        for number in range(12):
            noise = np.random.default_rng(number + shade).integers(-40, 40, (16, 16)) + shade
            Image.fromarray(noise.astype(np.uint8)).save(tmp_path / f"train{domain}" / f"{domain}{number}.png")
    (warning,) = opened(tmp_path, validation=0.0).report.warnings
    assert warning.startswith("B is brighter than A") and "even out the brightness" in warning
