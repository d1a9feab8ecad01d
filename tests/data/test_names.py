"""File names of any bytes are looked at, split, trained on, printed and written."""

import json
import os
import sys
from pathlib import Path

import pytest

from limner.cli import main
from limner.config.data import DomainDataSettings, PairedDataSettings
from limner.data.contents import scan_folder
from limner.data.images import ImageError
from limner.data.listing import divide
from limner.data.open import open_data
from limner.data.pairing import Item, Source
from limner.files import printable, shown

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 or UTF-16 there")

STRANGE = os.fsdecode(b"caf\xe9")


def strange_images(folder, draw, width=64):
    """Six pictures below a folder of a strange name, two of them of strange names, one of these empty."""
    inner = folder / STRANGE
    for number in range(4):
        draw(inner / f"{number}.png", number, width, 32)
    draw(inner / f"{STRANGE}.png", 4, width, 32)
    (inner / f"{STRANGE}-empty.png").write_bytes(b"")
    return inner


def test_names_are_legible():
    assert printable("Häuser/1.png") == "Häuser/1.png"
    assert printable(STRANGE) == "caf\\udce9"
    assert shown(Path("/a", STRANGE, "1.png"), Path("/a")) == "caf\\udce9/1.png"
    assert shown(Path("/b", "1.png"), Path("/a")) == "/b/1.png"


def test_a_strange_name_moves_no_other():
    items = [Item(name, (Source(Path(f"{name}.png")),)) for name in (*map(str, range(50)), STRANGE)]
    kept = [{item.name for item in divide(some, 0.2)[1]} - {STRANGE} for some in (items, items[:-1])]
    assert kept[0] == kept[1]


def test_pairs_of_strange_names_are_learnt_from(tmp_path, draw):
    root = strange_images(tmp_path, draw)
    for _ in range(2):  # Decoded, then from the cache.
        report = open_data(PairedDataSettings(path=root, size=32, workers=1), 1).report
        assert sum(report.counts.values()) == 5
        document = json.dumps(report.as_json(), ensure_ascii=False).encode()
        assert b"caf\\\\udce9-empty.png" in document and b'"caf\\\\udce9"' in document


def test_domains_of_strange_names_are_learnt_from(tmp_path, draw):
    for domain in "AB":
        for number in range(3):
            draw(tmp_path / STRANGE / f"train{domain}" / f"{STRANGE}{domain}{number}.png", ord(domain) + number)
    report = open_data(DomainDataSettings(path=tmp_path / STRANGE, size=32, workers=1), 1).report
    json.dumps(report.as_json(), ensure_ascii=False).encode()
    assert "caf\\udce9A0" in report.names["train A"] + report.names["validation A"]


@pytest.mark.parametrize("layout", ["classes", "two-folders", "photographs", "trainA"])
def test_they_are_inspected(tmp_path, draw, capsys, layout):
    inner = strange_images(tmp_path / "set", draw, 32)
    path, more = inner.parent, []
    if layout == "classes":
        draw(tmp_path / "set" / "other" / "x.png", 9)
    elif layout == "two-folders":
        draw(tmp_path / "other" / "x.png", 9)
        path, more = inner, [str(tmp_path / "other")]
    elif layout == "photographs":
        path = inner
    else:
        (inner / "trainA").mkdir()
        path = inner
    sheet = tmp_path / "sheet.png"
    assert main(["data", "inspect", str(path), *more, "--sheet", str(sheet)]) == 0
    assert main(["data", "inspect", str(path), *more, "--json"]) == 0
    assert "caf\\udce9-empty.png" in capsys.readouterr().out and sheet.stat().st_size


def test_what_is_missing_or_closed_is_named(tmp_path, draw, close, capsys):
    draw(tmp_path / "a.png")
    row = {"input_file_name": "a.png", "target_file_name": f"{STRANGE}.png"}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row))
    assert main(["data", "inspect", str(tmp_path)]) == 0
    assert "caf\\udce9.png (metadata.jsonl line 1: no such file)" in capsys.readouterr().out
    (tmp_path / "metadata.jsonl").unlink()
    draw(tmp_path / STRANGE / "b.png")
    close(tmp_path / STRANGE)
    (warning,) = scan_folder(tmp_path).closed
    assert warning.encode().endswith(rb"/caf\udce9 (permission denied)")
    assert ImageError(Path(STRANGE), "damaged").message == "caf\\udce9: damaged"


def test_a_cache_of_a_strange_name_that_cannot_be_used_is_named(tmp_path, draw, monkeypatch):
    (tmp_path / STRANGE).write_text("")
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / STRANGE))
    for number in range(3):
        draw(tmp_path / "set" / f"{number}.png", number, 64, 32)
    (warning,) = open_data(PairedDataSettings(path=tmp_path / "set", size=32, workers=1), 1).report.warnings
    assert b"/caf\\udce9 cannot be used" in warning.encode()


def test_a_cache_of_a_strange_name_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / STRANGE))
    assert main(["data", "cache"]) == main(["data", "cache", "--json"]) == 0
    assert "caf\\udce9" in capsys.readouterr().out
