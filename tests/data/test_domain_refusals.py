"""Two domains that cannot be learnt from, each told in one message with a remedy."""

import pytest
from domain_settings import opened, refused

from limner.config.data import DomainAugmentSettings, DomainDataSettings
from limner.data.open import open_data
from limner.errors import DataError

STILL = DomainAugmentSettings(enabled=False)


def test_refusals_name_the_remedy(tmp_path, draw, domains):
    with pytest.raises(DataError, match="no pictures are given"):
        open_data(DomainDataSettings(), 1)
    assert "there is no folder" in refused(tmp_path / "none").message
    (tmp_path / "empty").mkdir()
    error = refused(domains / "trainA", path_b=tmp_path / "empty")
    assert "domain B has no training pictures" in error.message and "is empty" in error.message
    assert "is empty" in refused(tmp_path / "empty").message
    error = refused(domains / "trainA")
    assert "single photographs (5): one domain, where two are needed" in error.message and "data.path_b=" in error.tip
    draw(tmp_path / "one" / "a.png")
    error = refused(tmp_path / "one", path_b=domains / "trainA")
    assert f"domain A ({tmp_path / 'one'})" in error.message and "only 1 usable training picture" in error.message
    assert "at least 2 in each domain, and some hundred" in error.tip
    draw(tmp_path / "wide" / "val" / "a.png", 0, 64, 32)
    assert "no training pictures, only val" in refused(tmp_path / "wide").message
    (tmp_path / "half" / "trainA").mkdir(parents=True)
    assert "no trainB" in refused(tmp_path / "half").message
    draw(tmp_path / "late" / "testA" / "a.png")
    draw(tmp_path / "late" / "testB" / "a.png")
    assert "domain A has no training pictures, only" in refused(tmp_path / "late").message


def test_two_class_folders_are_named_as_the_domains(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / "apple" / f"{number}.png", number)
        draw(tmp_path / "orange" / f"{number}.png", 9 + number)
    assert refused(tmp_path).tip == f"data.path={tmp_path / 'apple'} data.path_b={tmp_path / 'orange'}"
    (tmp_path / "loose.png").write_bytes((tmp_path / "apple/0.png").read_bytes())
    assert "FOLDER" in refused(tmp_path).tip


def test_one_folder_for_both_domains_is_refused(tmp_path, draw, domains):
    assert (
        "both domains are the same folder"
        in refused(domains / "trainA", path_b=domains / "../" / domains.name / "trainA").message
    )
    (tmp_path / "linked").symlink_to(domains / "trainA")
    assert "both domains are the same folder" in refused(domains / "trainA", path_b=tmp_path / "linked").message
    draw(domains / "trainA" / "more" / "x.png", 5)
    assert "lies inside the other" in refused(domains / "trainA", path_b=domains / "trainA/more").message


def test_the_same_images_in_both_domains(tmp_path, draw):
    for number in range(4):
        for domain in "AB":
            draw(tmp_path / f"train{domain}" / f"{domain}{number}.png", number)
    assert "learn to copy" in refused(tmp_path, validation=0.0).message
    draw(tmp_path / "trainB" / "new.png", 99)
    (warning,) = opened(tmp_path, validation=0.0).report.warnings
    assert warning.startswith("4 training pictures are in both domains")
