"""`limner doctor`: true facts, useful advice, an anonymous bundle."""

import getpass
import json
import os
import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import torch

import limner
from limner.cli import main
from limner.cli.bundle import anonymise, write_bundle
from limner.cli.diagnosis import EXTRAS, diagnose

ROOT = Path(__file__).parents[2]


def test_json_is_one_document(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1
    assert found["computer"]["torch"] == torch.__version__.partition("+")[0] or found["computer"]["torch"]
    assert found["devices"][0] == {"name": "cpu"}
    assert found["memory"]["free"] is None or 0 < found["memory"]["free"] < found["memory"]["total"]
    assert all(weights["url"].startswith("https://") for weights in found["weights"])


def test_people_see_the_same(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    for word in ("limner", "torch", "memory", "runs", "weights"):
        assert word in shown


def test_missing_extras_and_weights_are_advised(monkeypatch, tmp_path):
    monkeypatch.setattr("limner.cli.diagnosis.find_spec", lambda name: None)
    monkeypatch.setattr("limner.weights.pretrained.locate", lambda name: None)
    advice = "\n".join(diagnose()["advice"])
    for extra in EXTRAS:
        assert f"pip install 'limner[{extra}]'" in advice
    assert "LIMNER_WEIGHTS" in advice and "https://" in advice


def test_little_disk_is_said(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"total": 2**40, "free": 2**29})())
    assert any("0.5 GiB are free" in line for line in diagnose()["advice"])


def test_every_extra_is_known():
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(optional) - {"all", "dev"}


def test_the_bundle_tells_nobody(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIMNER_RUNS", str(Path.home() / "secret" / "runs"))
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "secret plan" / "cache"))
    monkeypatch.setenv("LIMNER_WEIGHTS", "secret/weights")
    monkeypatch.setenv("LIMNER_METHODS", "mine.methods")
    monkeypatch.setattr("sys.executable", "/opt/secret/bin/python")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "limner-error-x.txt").write_text(
        f'File "{Path.home()}/secret/x.py", line 1, in boom\n  File "{limner.__file__}", line 2\n'
        f'  File "{os.__file__}", line 3\n  File "{torch.__file__}", line 4\nDataError: /data/secret/a.png is bad'
    )
    assert main(["doctor", "--bundle", str(tmp_path / "bundle.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"doctor.json", "packages.txt", "traceback.txt"}
    found = json.loads(texts["doctor.json"])
    assert (
        found["environment"]
        | {
            "LIMNER_RUNS": "~/FOLDER/runs",
            "LIMNER_CACHE": "/FOLDER/cache",
            "LIMNER_WEIGHTS": "FOLDER/weights",
            "LIMNER_METHODS": "mine.methods",
        }
        == found["environment"]
    )
    assert (found["disk"]["runs"], found["cache"]["folder"]) == ("~/FOLDER/runs", "/FOLDER/cache")
    assert found["computer"]["executable"] == "/FOLDER/python"
    assert found["weights"][0]["url"].startswith("https://") and found["weights"][0]["url"].count("/") > 3
    assert re.findall(r'File "(.*)"', texts["traceback.txt"]) == [
        "~/FOLDER/x.py", "limner/__init__.py", "PYTHON/os.py", "site-packages/torch/__init__.py"
    ]  # fmt: skip
    assert "DataError: /FOLDER/a.png is bad" in texts["traceback.txt"]
    assert all(word not in text for text in texts.values() for word in (str(Path.home()), str(tmp_path), "secret"))
    assert "torch==" in texts["packages.txt"]


@pytest.mark.parametrize(
    "text, anonymous",
    [
        ("'/data/my plan/a b.png' and /data/x/c.png", "'/FOLDER/a b.png' and /FOLDER/c.png"),
        ("/data/my plan/a.png cannot be read: no /x/y", "/FOLDER/a.png cannot be read: no /FOLDER/y"),
        ("get https://example.org/a/b for /data/x/y", "get https://example.org/a/b for /FOLDER/y"),
        ("/data/x/y, see https://example.org/a/b", "/FOLDER/y, see https://example.org/a/b"),
        ("file = folder / name / 'a/b'; x = 'and/or'", "file = folder / name / 'a/b'; x = 'and/or'"),
        (r"C:\data\my plan\a.png", "C:/FOLDER/a.png"),
        (r"'C:\\data\\plan\\a.png'", "'C:/FOLDER/a.png'"),
        ("/data / and ~/runs", "/data / and ~/runs"),
    ],
)
def test_of_a_path_the_last_name_stays(text, anonymous):
    assert anonymise(text) == anonymous


def test_names_are_replaced_as_words_only(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    monkeypatch.setattr("socket.gethostname", lambda: "ann-pc")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    text = "/home/ann/x Ann annual cannot /data/ann/y ann-pc"
    assert anonymise(text) == "~/x USER annual cannot /FOLDER/y HOST"
    assert anonymise("/home/annabel/x /data/ann /mnt/home/ann/x") == "/FOLDER/x /FOLDER/USER /FOLDER/x"


@pytest.mark.parametrize("error", [KeyError("uid not found: 4242"), OSError("No username set"), ImportError()])
def test_a_user_without_a_name_or_a_home(monkeypatch, error):
    """As in a container that runs under a number: HOME is unset, or /."""

    def unknown(*_):
        raise error

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(getpass, "getuser", unknown)
    monkeypatch.setattr("socket.gethostname", lambda: "box")
    monkeypatch.setattr(Path, "home", homeless)
    assert anonymise("/data/x box") == "/FOLDER/x HOST"
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert anonymise("/data/x box") == "/FOLDER/x HOST"


def bundled_traceback(folder):
    write_bundle(folder / "bundle.zip", {})
    with zipfile.ZipFile(folder / "bundle.zip") as archive:
        return archive.read("traceback.txt").decode() if "traceback.txt" in archive.namelist() else None


def test_the_bundle_takes_no_other_user_s_traceback(tmp_path, monkeypatch):
    """The temporary folder may be shared, and what lies there be a link to something private."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert bundled_traceback(tmp_path) is None
    (tmp_path / "limner-error-own.txt").write_text("own")
    (tmp_path / "private.txt").write_text("private")
    (tmp_path / "limner-error-link.txt").symlink_to(tmp_path / "private.txt")
    (tmp_path / "limner-error-folder.txt").mkdir()
    os.utime(tmp_path / "limner-error-own.txt", (1, 1))
    assert bundled_traceback(tmp_path) == "own"
    if sys.platform != "win32":
        monkeypatch.setattr("os.getuid", lambda: tmp_path.stat().st_uid + 1)
        assert bundled_traceback(tmp_path) is None


def test_a_traceback_that_cannot_be_read_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("closed", "open"):
        (tmp_path / f"limner-error-{name}.txt").write_text(name)
    os.utime(tmp_path / "limner-error-open.txt", (1, 1))
    read_text = Path.read_text

    def closed(path, **options):
        if path.name == "limner-error-closed.txt":
            raise PermissionError(13, "Permission denied")
        return read_text(path, **options)

    monkeypatch.setattr(Path, "read_text", closed)
    assert bundled_traceback(tmp_path) == "open"


def test_a_bundle_that_cannot_be_written(tmp_path, capsys):
    assert main(["doctor", "--bundle", str(tmp_path / "no" / "bundle.zip")]) == 1
    assert "error:" in capsys.readouterr().err
