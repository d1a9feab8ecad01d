import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from limner.errors import RunError
from limner.files import (
    aside,
    cannot_write,
    mend_folder,
    new_folder,
    remove_folder,
    standing,
    whole_folder,
    write_atomically,
    write_synced,
)

Filler = Callable[[Path], AbstractContextManager[Path]]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    write_atomically(path, b"old")
    write_atomically(path, "größer")
    assert path.read_bytes() == "größer".encode()
    assert names(tmp_path) == {"recipe.yaml"}


@pytest.mark.parametrize(
    ("number", "says", "tip"),
    [
        (errno.ENOSPC, "disk is full", "free some space"),
        (errno.EACCES, "No permission", "permissions"),
        (errno.EIO, "cannot be written", "another folder"),
    ],
)
def test_refusal_of_the_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str, tip: str
) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "old")

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunError) as caught:
        write_atomically(path, "new")
    assert says in caught.value.message
    assert str(path) in caught.value.message
    assert tip in str(caught.value.tip)
    assert path.read_text() == "old"
    assert names(tmp_path) == {"a.json"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs to see which file is synced")
def test_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: happened.append(Path(f"/proc/self/fd/{file}").readlink().name))
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: happened.append(f"renamed to {to.name}") or replace(self, to))
    write_atomically(tmp_path / "a.json", "new")
    assert happened[0].startswith(".tmp-a.json")
    assert happened[1:] == ["renamed to a.json", tmp_path.name]


def test_file_in_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="a file is where a folder should be"):
        write_atomically(tmp_path / "file" / "a.json", "new")


@pytest.mark.parametrize(("name", "such_as"), [(".", "FILE"), ("..", "../FILE"), ("nb", "nb/FILE")])
def test_a_folder_is_no_name_for_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, such_as: str
) -> None:
    (tmp_path / "here" / "nb").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RunError, match="it is a folder") as caught:
        write_atomically(Path(name), "new")
    assert caught.value.tip == f"give the name of a file, such as {Path(such_as)}"
    assert names(tmp_path) | names(tmp_path / "here") | names(tmp_path / "here" / "nb") == {"here", "nb"}


@pytest.mark.parametrize("fill", [whole_folder, new_folder])
def test_a_folder_to_be_made_needs_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Filler) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"cannot be made under the name '\.'") as caught, fill(Path()):
        pass
    assert caught.value.tip == "give it a name"
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("asked", "met", "closed", "named"),
    [
        ("shut", "shut/.tmp-run-1", "shut", "shut"),
        ("shut/too", "shut/too/.tmp-run-1", "shut", "shut/too"),
        ("shut/no/such/a.json", "shut/no/such/.tmp-a.json-1", "shut", "shut"),
        ("shut/a.json", None, "shut", "shut"),
        ("open/full", "open/.tmp-full-1", "open", "open"),
        ("open/log", "open/log", "open/log", "open/log"),
    ],
)
def test_the_tip_names_what_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, met: str | None, closed: str, named: str
) -> None:
    """A folder that is shut itself, one in it, one missing in it, an error that names nothing, one below, a file."""
    for folder in ("shut/too", "open/full"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "open" / "log").touch()
    monkeypatch.setattr(
        os, "access", lambda path, mode: mode == os.F_OK or not Path(path).is_relative_to(tmp_path / closed)
    )
    error = PermissionError(errno.EACCES, "Permission denied", *([str(tmp_path / met)] if met else []))
    refusal = cannot_write(tmp_path / asked, error)
    assert refusal.message == f"No permission to write {tmp_path / asked}."
    assert refusal.tip == f"change the permissions of {tmp_path / named}, or choose another folder"


def test_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        with whole_folder(tmp_path / "best") as temporary:
            write_synced(temporary / "a", content)
            assert not (tmp_path / "best").exists() or (tmp_path / "best" / "a").read_bytes() == b"old"
    assert (tmp_path / "best" / "a").read_bytes() == b"new"
    assert names(tmp_path) == {"best"}


def test_failed_block_leaves_the_old_folder(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "best") as temporary:
        write_synced(temporary / "a", b"old")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "best") as temporary:
        write_synced(temporary / "a", b"new")
        raise ZeroDivisionError
    assert (tmp_path / "best" / "a").read_bytes() == b"old"
    assert names(tmp_path) == {"best"}


def test_death_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    place = tmp_path / "best"
    aside(place).mkdir()
    (tmp_path / ".tmp-best-12").mkdir()
    assert standing(place) == aside(place)
    mend_folder(tmp_path)
    assert standing(place) == place
    assert names(tmp_path) == {"best"}


def test_death_before_the_last_deletion_is_mended(tmp_path: Path) -> None:
    place = tmp_path / "best"
    write_dummy(place, b"new")
    write_dummy(aside(place), b"old")
    assert standing(place) == place
    mend_folder(tmp_path)
    assert (place / "a").read_bytes() == b"new"
    assert names(tmp_path) == {"best"}


def test_leftover_aside_does_not_stop_the_next_replacement(tmp_path: Path) -> None:
    place = tmp_path / "best"
    write_dummy(place, b"new")
    write_dummy(aside(place), b"old")
    with whole_folder(place) as temporary:
        write_synced(temporary / "a", b"newer")
    assert (place / "a").read_bytes() == b"newer"
    assert names(tmp_path) == {"best"}


def test_mending_a_folder_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    mend_folder(tmp_path / "checkpoints")
    assert names(tmp_path) == set()


def test_removed_folder_is_gone_at_once(tmp_path: Path) -> None:
    write_dummy(tmp_path / "step-1", b"")
    remove_folder(tmp_path / "step-1")
    assert names(tmp_path) == set()


def write_dummy(folder: Path, content: bytes) -> None:
    folder.mkdir()
    write_synced(folder / "a", content)
