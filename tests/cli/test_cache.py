"""`limner data cache` shows and clears what limner put there, and nothing else."""

import json

import pytest

from limner.cli import main
from limner.data.cache import SUFFIX


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path))
    monkeypatch.setenv("LIMNER_CACHE_GB", "3")
    (tmp_path / f"a{SUFFIX}").write_bytes(b"x" * 2_500_000)
    (tmp_path / "mine.txt").write_text("not limner's")
    return tmp_path


def test_place_and_size_are_shown(folder, capsys):
    assert main(["data", "cache"]) == 0
    shown = capsys.readouterr().out
    assert f"{folder}: 2.5 MB of decoded and drawn pictures, at most 3 GB" in shown and "--clear" in shown
    assert main(["data", "cache", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"schema": 1, "folder": str(folder), "bytes": 2_500_000, "cap": 3 * 10**9, "freed": 0}


def test_clearing_takes_only_limners_files(folder, capsys):
    assert main(["data", "cache", "--clear"]) == 0
    assert "2.5 MB freed" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_cache_that_does_not_exist_yet_is_empty(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "none"))
    assert main(["data", "cache"]) == 0
    assert "0.0 MB" in capsys.readouterr().out
