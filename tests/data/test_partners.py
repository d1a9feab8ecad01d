"""Which pictures are partners: names are equal as the eye sees them, and what has no partner is told."""

import sys

import pytest
from listings import found, refused

from limner.config.data import DomainDataSettings
from limner.data.discover import discover
from limner.data.inspect import inspect_folder

COMPOSED, APART = "é0", "e\u03010"


def test_lone_halves_are_listed_up_to_a_share(tmp_path, draw):
    for number in range(8):
        draw(tmp_path / "trainA" / f"{number}.png")
        draw(tmp_path / "trainB" / f"{number}.png")
    draw(tmp_path / "trainA" / "lone.png")
    listing = found(tmp_path)
    assert listing.unmatched == ["trainA/lone.png"] and listing.warnings
    assert "trainA/lone.png" in refused(tmp_path, max_bad=0.01).message


def test_two_domains_are_not_taken_for_bad_pairs(tmp_path, draw):
    """As limner draws day and night: only the test halves belong together."""
    for number in range(10):
        draw(tmp_path / "trainA" / f"day{number}.png")
        draw(tmp_path / "trainB" / f"night{number}.png")
        draw(tmp_path / "testA" / f"{number}.png")
        draw(tmp_path / "testB" / f"{number}.png")
    for max_bad in (0.2, 0.9):
        error = refused(tmp_path, max_bad=max_bad)
        assert f"{tmp_path} holds two domains without pairs" in error.message
        assert "0 have a partner of the same name and 20 have none, such as trainA/day0.png" in error.message
        assert error.tip.startswith(f"limner train cyclegan-horse2zebra data.path={tmp_path} learns without pairs")
    draw(tmp_path / "trainB" / "day0.png")
    assert "2 have a partner" in refused(tmp_path).message
    assert [pair.name for pair in found(tmp_path, max_bad=0.9).train[0]] == ["day0"]
    apart = refused(tmp_path / "trainA", path_b=tmp_path / "testB")
    assert f"data.path={tmp_path / 'trainA'} data.path_b={tmp_path / 'testB'} learns" in apart.tip


def test_one_empty_half_is_no_second_domain(tmp_path, draw):
    draw(tmp_path / "trainA" / "a.png")
    (tmp_path / "trainB").mkdir()
    assert "no picture" in refused(tmp_path).message


def test_training_images_without_pairs_are_not_missing(tmp_path, draw):
    for name in ("trainA/Cat.png", "trainB/cat.png", "testA/x.png", "testB/x.png"):
        draw(tmp_path / name)
    message = refused(tmp_path, max_bad=0.9).message
    assert "holds no training pairs, only test" in message and "trainA/Cat.png has no partner" in message


def test_names_that_look_the_same_are_pairs(tmp_path, draw):
    for number in range(30):
        draw(tmp_path / "trainA" / f"{COMPOSED}{number}.png", number)
        draw(tmp_path / "trainB" / f"{APART}{number}.png", 50 + number)
    listing = found(tmp_path)
    assert not listing.unmatched and len(listing.train[0]) + len(listing.validation[0]) == 30
    for pair in listing.train[0]:
        assert (pair.name, pair.sources[0].path.stem) == (pair.sources[0].path.stem, COMPOSED + pair.name[2:])
        assert pair.sources[1].path == tmp_path / "trainB" / f"{APART}{pair.name[2:]}.png"
    assert inspect_folder(tmp_path, workers=0).kind == "pairs"
    kept = discover(DomainDataSettings(path=tmp_path)).validation
    assert [single.name[2:] for single in kept[0]] == [single.name[3:] for single in kept[1]]


def test_the_hidden_truth_is_found_and_aligned_however_accents_are_coded(tmp_path, draw):
    for domain, name in (("A", COMPOSED), ("B", APART)):
        for place in ("train/1", f"val/{name}", "val/z"):
            split, stem = place.split("/")
            draw(tmp_path / f"{split}{domain}" / f"{stem}.png")
    listing = discover(DomainDataSettings(path=tmp_path))
    assert listing.aligned and not listing.unmatched
    assert [[single.name for single in domain] for domain in listing.validation] == [["z", COMPOSED], ["z", APART]]


def test_capital_letters_are_seen_however_accents_are_coded(tmp_path, draw):
    draw(tmp_path / "trainA" / f"{COMPOSED.upper()}.png")
    draw(tmp_path / "trainB" / f"{APART}.png")
    assert "differ only in capital letters" in refused(tmp_path).message


@pytest.mark.skipif(sys.platform == "darwin", reason="one folder cannot hold both names there")
def test_two_files_of_one_folder_that_look_the_same(tmp_path, draw):
    for folder, names in (("trainA", (COMPOSED, APART)), ("trainB", (APART, COMPOSED))):
        for name in names:
            draw(tmp_path / folder / f"{name}.png")
    listing = found(tmp_path, validation=0.0)
    names = [(pair.sources[0].path.name, pair.sources[1].path.name) for pair in listing.train[0]]
    assert names == [(f"{name}.png",) * 2 for name in (APART, COMPOSED)] and not listing.warnings
    (tmp_path / "trainB" / f"{APART}.png").unlink()
    listing = found(tmp_path, validation=0.0, max_bad=0.9)
    assert [pair.sources[0].path.name for pair in listing.train[0]] == [f"{COMPOSED}.png"]
    assert listing.unmatched == [f"trainA/{APART}.png"] and not any("capital" in each for each in listing.warnings)
    assert any("accents coded differently: not all of them are paired" in warning for warning in listing.warnings)
    error = refused(tmp_path)
    assert "look the same, their accents coded differently" in error.message and "trainA/e" in error.message
    assert error.tip == "rename all but one of each"
    assert any("rename all but one" in note for note in inspect_folder(tmp_path, workers=0).notes)


def test_names_that_differ_in_suffix_do_not_differ_in_case(tmp_path, draw):
    for name in ("trainA/x.jpg", "trainA/x.bmp", "trainB/x.png"):
        draw(tmp_path / name)
    assert "capital letters" not in refused(tmp_path).message


def test_names_that_differ_in_case_are_named(tmp_path, draw):
    draw(tmp_path / "trainA" / "Cat.png")
    draw(tmp_path / "trainB" / "cat.PNG".replace("PNG", "png"))
    error = refused(tmp_path)
    assert "differ only in capital letters" in error.message and "trainA/Cat.png and trainB/cat.png" in error.message
    assert "rename" in error.tip
    for number in range(9):
        draw(tmp_path / "trainA" / f"{number}.png")
        draw(tmp_path / "trainB" / f"{number}.png")
    listing = found(tmp_path)
    said = "trainA/Cat.png and trainB/cat.png differ only in capital letters and are not paired"
    assert said in listing.warnings
