"""Any folder is looked at truthfully: what it is, what is wrong, what it serves."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from skimage.data import astronaut, chelsea, coffee, rocket

from limner.cli import main
from limner.config.data import DeriveSettings
from limner.data.contents import TEST_SERVES
from limner.data.inspect import inspect_folder
from limner.data.sheet import CELL, contact_sheet
from limner.errors import DataError


def inspected(path, *more):
    return inspect_folder(path, *more, workers=1)


def photograph(path, which, side=256):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(which()).resize((side, side)).save(path)
    return path


def test_side_by_side(tmp_path, draw):
    for split, count in (("train", 30), ("val", 3), ("test", 2)):
        for number in range(count):
            draw(tmp_path / split / f"{number}.jpg", count * 100 + number, 96, 48)
    seen = inspected(tmp_path)
    assert (seen.kind, seen.layout) == ("pairs", "side-by-side")
    assert list(seen.counts.items()) == [("train", 30), ("val", 3), ("test", 2)]
    assert seen.sizes.median == (96, 48) and seen.sizes.different == 1
    assert seen.verdict == "30 training pairs: few for pix2pix, too few for CycleGAN." and seen.grade == "fair"
    assert not seen.unreadable and not seen.duplicates and not seen.leaks


def test_every_bad_file_with_its_reason(tmp_path, draw):
    for number in range(6):
        draw(tmp_path / "train" / f"{number}.jpg", number, 512, 256)
    whole = (tmp_path / "train/1.jpg").read_bytes()
    (tmp_path / "train/1.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "train/2.jpg").write_text("not a picture at all")
    draw(tmp_path / "train" / "3.jpg", 3, 64, 64)
    seen = inspected(tmp_path)
    reasons = {bad.file: bad.reason for bad in seen.unreadable}
    assert reasons.keys() == {"train/1.jpg", "train/2.jpg", "train/3.jpg"}
    assert "truncated" in reasons["train/1.jpg"] and "text" in reasons["train/2.jpg"]
    assert "no side-by-side pair" in reasons["train/3.jpg"]
    assert seen.counts == {"train": 3} and "3 files cannot be used" in seen.verdict


def test_matched_domains(tmp_path, draw):
    for number in range(4):
        draw(tmp_path / "trainA" / f"{number}.png", number)
        draw(tmp_path / "trainB" / f"{number}.jpg", 50 + number)
    draw(tmp_path / "trainA" / "Lone.png", 9)
    draw(tmp_path / "trainB" / "lone.png", 10)
    seen = inspected(tmp_path)
    assert (seen.kind, seen.layout, seen.counts) == ("pairs", "trainA-trainB", {"train": 4})
    assert seen.unmatched == ["trainA/Lone.png", "trainB/lone.png"]
    assert "2 pictures have no partner" in seen.verdict and "capital letters" in seen.notes[0]


def test_a_pair_counts_only_when_both_halves_open(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "A" / "train" / f"{number}.png", number)
        draw(tmp_path / "B" / "train" / f"{number}.png", 50 + number)
    (tmp_path / "B/train/1.png").write_bytes(b"")
    assert inspected(tmp_path).counts == {"train": 2}


def test_unpaired_domains(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "trainA" / f"horse{number}.png", number)
        draw(tmp_path / "trainB" / f"zebra{number}.png", 50 + number)
        draw(tmp_path / "testA" / f"{number}.png", 20 + number)
        draw(tmp_path / "testB" / f"{number}.png", 70 + number)
    seen = inspected(tmp_path)
    assert seen.kind == "domains" and not seen.unmatched
    assert seen.counts == {"trainA": 3, "trainB": 3, "testA": 3, "testB": 3}
    assert "too few for CycleGAN; not for pix2pix" in seen.verdict
    assert seen.notes == ["3 equal names in test: pairs there, to measure against"]


@pytest.mark.parametrize(("width", "kind"), [(64, "pairs"), (32, "images")])
def test_a_test_split_that_serves_as_validation_is_said(tmp_path, draw, width, kind):
    for name in ("train/1.png", "train/2.png", "test/3.png"):
        draw(tmp_path / name, ord(name[-5]), width, 32)
    seen = inspected(tmp_path)
    assert (seen.kind, seen.notes) == (kind, [TEST_SERVES])
    draw(tmp_path / "val" / "4.png", 4, width, 32)
    assert inspected(tmp_path).notes == []


def test_class_folders_photographs_and_twin_folders(tmp_path, draw):
    for number in range(4):
        draw(tmp_path / "classes" / "hat" / f"h{number}.png", number)
        draw(tmp_path / "twins" / "phone" / f"{number}.png", number)
        draw(tmp_path / "twins" / "canon" / f"{number}.png", 60 + number)
    draw(tmp_path / "classes" / "shoe" / "s.png", 30)
    classes = inspected(tmp_path / "classes")
    assert classes.classes == {"hat": 4, "shoe": 1} and "5 single photographs in 2 classes of 1 to 4" in classes.verdict
    single = inspected(tmp_path / "classes" / "hat")
    assert (single.kind, single.counts) == ("images", {"train": 4})
    twins = inspected(tmp_path / "twins")
    assert (twins.kind, twins.layout, twins.counts) == ("pairs", "two-folders", {"train": 4})
    assert "data.path_b=" in twins.notes[0]
    given = inspected(tmp_path / "twins" / "phone", tmp_path / "twins" / "canon")
    assert (given.kind, given.counts) == ("pairs", {"train": 4})


def test_a_list(tmp_path, draw):
    draw(tmp_path / "a.png", 1)
    draw(tmp_path / "b.png", 2)
    rows = [{"input_file_name": "a.png", "target_file_name": name} for name in ("b.png", "c.png")]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    seen = inspected(tmp_path)
    assert (seen.layout, seen.counts) == ("metadata", {"train": 1}) and "c.png" in seen.unmatched[0]


@pytest.mark.parametrize("content", [[], ["notes.txt"]])
def test_folders_without_images_can_be_looked_at(tmp_path, content):
    for name in content:
        (tmp_path / name).write_text("words")
    seen = inspected(tmp_path)
    assert (seen.kind, seen.grade, seen.counts) == ("nothing", "unusable", {}) and "No pictures" in seen.verdict
    assert contact_sheet(tmp_path).width > 0
    with pytest.raises(DataError, match="there is no folder"):
        inspected(tmp_path / "none")


def test_half_a_pair_of_domains_is_described_not_refused(tmp_path, draw):
    draw(tmp_path / "trainA" / "a.png")
    seen = inspected(tmp_path)
    assert seen.kind == "images" and "no trainB" in seen.notes[0]


def test_duplicates_and_leaks(tmp_path):
    train, val = tmp_path / "train", tmp_path / "val"
    cat = photograph(train / "cat.png", chelsea)
    shutil.copy(cat, train / "cat-again.png")
    val.mkdir()
    shutil.copy(cat, val / "cat.png")
    photograph(train / "rocket.png", rocket)
    Image.open(train / "rocket.png").resize((200, 200)).save(train / "rocket-small.jpg", quality=60)
    cup = photograph(train / "cup.png", coffee)
    ImageEnhance.Brightness(Image.open(cup)).enhance(0.8).save(val / "cup-darker.png")
    person = photograph(train / "person.png", astronaut)
    Image.open(person).crop((8, 8, 246, 246)).save(val / "person-cut.png")
    seen = inspected(tmp_path)
    assert {frozenset(group) for group in seen.duplicates} == {
        frozenset({"train/cat.png", "train/cat-again.png"}),
        frozenset({"train/rocket.png", "train/rocket-small.jpg"}),
    }
    leaks = {tuple(pair) for pair in seen.leaks}
    assert ("train/cup.png", "val/cup-darker.png") in leaks and ("train/person.png", "val/person-cut.png") in leaks
    assert len(leaks) == 3 and any(pair[1] == "val/cat.png" for pair in leaks)
    assert "3 pictures are in two splits" in seen.verdict


def test_plain_images_of_other_colours_are_not_the_same(tmp_path):
    for value in (0, 90, 180):
        Image.new("RGB", (32, 32), (value,) * 3).save(tmp_path / f"{value}.png")
    assert inspected(tmp_path).duplicates == []


def test_images_too_small_for_details_are_looked_at(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (37, 53, 3), dtype=np.uint8))
    noise.save(tmp_path / "g.gif")
    noise.convert("P").save(tmp_path / "pal.png")
    seen = inspected(tmp_path)
    assert seen.counts == {"train": 2} and seen.duplicates == []


def test_halves_of_a_pair_may_look_alike(tmp_path):
    for which in (astronaut, chelsea, coffee):
        path = photograph(tmp_path / "trainA" / f"{which.__name__}.png", which)
        (tmp_path / "trainB").mkdir(exist_ok=True)
        Image.open(path).save(tmp_path / "trainB" / f"{which.__name__}.jpg", quality=70)
    assert inspected(tmp_path).duplicates == []


def test_contact_sheet_shows_pairs_and_grey_fields(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "train" / f"{number}.png", number, 64, 32)
    (tmp_path / "train" / "9.png").write_bytes(b"")
    sheet = np.asarray(contact_sheet(tmp_path))
    first = sheet[34 : 34 + CELL, 8 : 8 + 2 * CELL]
    expected = np.asarray(Image.open(tmp_path / "train/0.png").resize((2 * CELL, CELL), Image.Resampling.LANCZOS))
    assert np.array_equal(first, expected)
    assert (sheet == (200, 200, 200)).all(2).sum() == CELL * CELL


def test_contact_sheet_shows_derived_inputs(tmp_path):
    photograph(tmp_path / "a.png", astronaut)
    sheet = np.asarray(contact_sheet(tmp_path, derive_as=DeriveSettings(kind="grey")))
    left, right = sheet[34 : 34 + CELL, 8 : 8 + CELL], sheet[34 : 34 + CELL, 10 + CELL : 10 + 2 * CELL]
    assert (left == left[..., :1]).all() and not (right == right[..., :1]).all()


def test_command_prints_one_document(tmp_path, draw, capsys):
    draw(tmp_path / "pictures" / "a.png")
    (tmp_path / "pictures" / "b.png").write_bytes(b"")
    sheet = tmp_path / "sheet.png"
    assert main(["data", "inspect", str(tmp_path / "pictures"), "--json", "--sheet", str(sheet)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1 and document["unreadable"] == [{"file": "b.png", "reason": "the file is empty"}]
    assert {"layout", "counts", "unmatched", "duplicates", "leaks", "verdict"} <= document.keys()
    assert Image.open(sheet).format == "PNG"


def test_command_tells_a_person(tmp_path, draw, capsys):
    draw(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    assert main(["data", "inspect", str(tmp_path), "--derive", "grey"]) == 0
    out, err = capsys.readouterr()
    assert "b.png: the file is empty" in out and "verdict: poor" in out and "data.derive.kind=grey" in out
    assert f"limner train pix2pix data.path={tmp_path} data.derive.kind=grey" in err


def test_command_refuses_clearly(tmp_path, capsys):
    assert main(["data", "inspect", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert main(["data", "inspect", str(tmp_path), "--derive", "magic"]) == 1
    assert "edges, grey, low-resolution, blur-noise" in capsys.readouterr().err


def test_the_next_command_can_be_pasted(tmp_path, draw, capsys):
    folder = tmp_path / "d ä" / "pairs"
    for number in range(3):
        draw(folder / f"{number}.png", number, 64, 32)
    assert main(["data", "inspect", str(folder)]) == 0
    command = capsys.readouterr().err.strip().splitlines()[-1]
    assert shlex.split(command) == ["limner", "train", "pix2pix", f"data.path={folder}"]
    other = draw(tmp_path / "b's" / "x.png", 9).parent
    assert main(["data", "inspect", str(folder), str(other)]) == 0
    command = capsys.readouterr().err.strip().splitlines()[-1]
    assert shlex.split(command)[2:] == ["cyclegan-horse2zebra", f"data.path={folder}", f"data.path_b={other}"]


@pytest.mark.parametrize("second", [False, True])
def test_a_closed_folder_is_a_failure_that_can_be_mended(tmp_path, draw, close, monkeypatch, capsys, second):
    draw(tmp_path / "open" / "a.png")
    locked = draw(tmp_path / "locked" / "a.png").parent
    close(locked)
    monkeypatch.setattr(os, "access", lambda path, *mode, **options: False)
    assert main(["data", "inspect", *([str(tmp_path / "open")] if second else []), str(locked)]) == 1
    said = capsys.readouterr().err
    assert f"{locked} cannot be read: permission denied" in said and "allow reading it" in said


@pytest.fixture
def shades(tmp_path):
    """24 dark grey pictures in trainA and 24 light, larger ones in trainB; one of each in testA and testB."""
    for domain, shade, side in (("A", 60, 32), ("B", 190, 200)):
        for split, count in (("train", 24), ("test", 1)):
            folder = tmp_path / "set" / f"{split}{domain}"
            folder.mkdir(parents=True)
            for number in range(count):
                coarse = np.random.default_rng([number, shade, count]).integers(-40, 40, (16, 16)) + shade
                grey = Image.fromarray(coarse.astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST)
                grey.convert("RGB").save(folder / f"{domain}{number}.png")
    return tmp_path / "set"


@pytest.mark.parametrize("apart", [False, True])
def test_two_domains_are_compared(shades, apart):
    seen = inspected(*((shades / "trainA", shades / "trainB") if apart else (shades,)))
    domains = seen.domains
    assert seen.kind == "domains" and (domains.a.count, domains.b.count) == (24, 24)
    assert domains.a.size == (32, 32) and domains.b.size == (200, 200)
    assert domains.a.brightness == pytest.approx(60 / 255, abs=0.02)
    assert domains.b.brightness == pytest.approx(190 / 255, abs=0.02)
    assert {(each.kind, each.grade) for each in domains.differences} == {("brightness", "strong"), ("sizes", "strong")}


def test_unusable_images_are_not_compared(shades):
    for number in range(4):
        (shades / "trainA" / f"A{number}.png").write_bytes(b"")
    assert inspected(shades).domains.a.count == inspected(shades).domains.a.looked_at == 20


def test_one_domain_is_not_compared(tmp_path, draw):
    draw(tmp_path / "a.png")
    assert inspected(tmp_path).domains is None
    draw(tmp_path / "B" / "b.png")
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "bad.png").write_bytes(b"")
    assert inspected(tmp_path).domains is None


def test_two_folders_of_one_name_are_counted_apart(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "x" / "photos" / f"a{number}.png", number)
    draw(tmp_path / "y" / "photos" / "b.png", 9)
    assert inspected(tmp_path / "x/photos", tmp_path / "y/photos").counts == {"A/train": 3, "B/train": 1}


def test_domains_with_other_splits_are_described(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "trainA" / f"a{number}.png", number)
        draw(tmp_path / "trainB" / f"b{number}.png", 50 + number)
    draw(tmp_path / "testA" / "t.png", 99)
    seen = inspected(tmp_path)
    assert seen.kind == "domains" and seen.counts == {"trainA": 3, "trainB": 3, "testA": 1}
    for number in range(3):
        draw(tmp_path / "trainB" / f"a{number}.png", 70 + number)
    seen = inspected(tmp_path)
    assert seen.kind == "pairs" and "has a folder testA but no testB" in seen.notes[-1]


def test_contact_sheet_shows_domains_beside_each_other_with_their_means(shades):
    sheet = np.asarray(contact_sheet(shades))
    half = sheet.shape[1] // 2
    for left, file in ((8, "trainA/A0.png"), (half + 8, "trainB/B0.png")):
        expected = Image.open(shades / file).resize((CELL, CELL), Image.Resampling.LANCZOS)
        assert np.array_equal(sheet[34 : 34 + CELL, left : left + CELL], np.asarray(expected))
    bottom = sheet[-16 - CELL : -16]
    for left, folder in ((8, "trainA"), (half + 8, "trainB")):
        shade = np.mean([np.asarray(Image.open(file)).mean() for file in (shades / folder).iterdir()])
        assert bottom[:, left : left + CELL].mean() == pytest.approx(shade, abs=1.5)
        detail = bottom[:, left + CELL + 8 : left + 2 * CELL + 8]
        assert len(np.unique(detail)) > 4 and (detail.reshape(8, 20, 8, 20, 3) == detail[::20, None, ::20, None]).all()


def test_command_compares_two_folders(shades, capsys):
    a, b = shades / "trainA", shades / "trainB"
    assert main(["data", "inspect", str(a), str(b), "--json"]) == 0
    domains = json.loads(capsys.readouterr().out)["domains"]
    assert domains["differences"][0]["grade"] == "strong" and len(domains["a"]["detail"]) == 8
    assert main(["data", "inspect", str(a), str(b)]) == 0
    out, err = capsys.readouterr()
    assert "  median size           32 x 32         200 x 200" in out
    assert "strong: B is brighter than A" in out and "remedy: even out the brightness" in out
    assert "told apart by light, colour and detail: 100 %" in out
    assert f"data.path={a} data.path_b={b}" in err


def test_looking_at_pictures_does_not_wait_for_torch():
    script = "import sys, limner.data.inspect, limner.data.sheet; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
