import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from limner.errors import CheckpointError, RunError
from limner.files import aside, standing
from limner.runs import checkpoint as module
from limner.runs.checkpoint import (
    checkpoints,
    cut_after,
    newest_good,
    prune,
    read_checkpoint,
    save_checkpoint,
    step_name,
)
from limner.runs.lock import RunLock

NOISE = random.Random(0)
FILES = {"model.safetensors": NOISE.randbytes(3000), "optimiser-generator.pt": NOISE.randbytes(5000)}
STATE = {"step": 100, "lr": 0.1 + 0.2, "names": ["a", "b"], "best": None}


def save(folder: Path, step: int) -> Path:
    return save_checkpoint(folder, step_name(step), FILES, {**STATE, "step": step})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "checkpoints", 100)
    read = read_checkpoint(path)
    assert path == tmp_path / "checkpoints" / "step-000100"
    assert read.state == STATE
    assert {name: read.file(name) for name in read.names} == FILES
    assert names(path) == ["manifest.json", "model.safetensors", "optimiser-generator.pt", "state.json"]
    assert json.loads((path / "manifest.json").read_text())["schema"] == 1


def test_file_may_be_written_by_a_function(tmp_path: Path) -> None:
    path = save_checkpoint(
        tmp_path, "best", {"big": lambda place: place.write_bytes(b"written elsewhere") and None}, {}
    )
    assert read_checkpoint(path).file("big") == b"written elsewhere"


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    (path / "optimiser-generator.pt").write_bytes(b"damaged")
    read = read_checkpoint(path, only=["model.safetensors"])
    assert read.file("model.safetensors") == FILES["model.safetensors"]
    assert "optimiser-generator.pt" in read.names
    with pytest.raises(CheckpointError, match=r"has no optimiser-generator\.pt"):
        read.file("optimiser-generator.pt")


def test_no_flipped_bit_is_loaded(tmp_path: Path) -> None:
    path = save(tmp_path, 100)
    draw = random.Random(1)
    for _ in range(200):
        file = path / draw.choice(names(path))
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged") as caught:
            read_checkpoint(path)
        assert file.name in caught.value.message
        file.write_bytes(whole)
    assert read_checkpoint(path).state == STATE


def test_no_truncation_is_loaded(tmp_path: Path) -> None:
    path = save(tmp_path, 100)
    draw = random.Random(2)
    for _ in range(100):
        file = path / draw.choice(names(path))
        whole = file.read_bytes()
        file.write_bytes(whole[: draw.randrange(len(whole))])
        with pytest.raises(CheckpointError, match="damaged") as caught:
            read_checkpoint(path)
        assert file.name in caught.value.message
        file.write_bytes(whole)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs to see which file is synced")
def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    rename = Path.rename

    def note_sync(descriptor: int) -> None:
        happened.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def note_rename(self: Path, target: Path) -> Path:
        happened.append(f"renamed to {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", note_rename)
    folder = tmp_path / "checkpoints"
    save_checkpoint(folder, "step-000100", {"model": b"a", "big": lambda place: place.write_bytes(b"b") and None}, {})
    assert sorted(happened[:4]) == ["big", "manifest.json", "model", "state.json"]
    assert happened[4].startswith(".tmp-step-000100")
    assert happened[5:] == ["renamed to step-000100", "checkpoints"]


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "model.safetensors"])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = save(tmp_path, 100)
    (path / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        read_checkpoint(path)


def test_files_exchanged_between_checkpoints_are_noticed(tmp_path: Path) -> None:
    shutil.copy(save(tmp_path, 100) / "state.json", save(tmp_path, 200) / "state.json")
    with pytest.raises(CheckpointError, match=r"state\.json"):
        read_checkpoint(tmp_path / "step-000200")


def test_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCHEMA", 2)
    save(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(RunError, match="has format 2") as caught:
        newest_good(tmp_path, on_bad=lambda text: pytest.fail(f"taken for damaged: {text}"))
    assert "update limner" in str(caught.value.tip)


def test_checkpoint_cut_in_half_is_named_and_the_one_before_used(tmp_path: Path) -> None:
    for step in (90, 100, 1_000_000):
        save(tmp_path, step)
    for path in (tmp_path / "step-1000000" / "optimiser-generator.pt", tmp_path / "step-000100" / "model.safetensors"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said: list[str] = []
    found = newest_good(tmp_path, said.append)
    assert found is not None
    assert found.state["step"] == 90
    assert [("step-1000000" in said[0], "optimiser" in said[0]), ("step-000100" in said[1], "model" in said[1])] == [
        (True, True)
    ] * 2
    assert "2500 bytes instead of 5000" in said[0]


def test_best_is_the_last_resort(tmp_path: Path) -> None:
    save(tmp_path, 100)
    save_checkpoint(tmp_path, "best", FILES, {"step": 50})
    (tmp_path / "step-000100" / "state.json").unlink()
    found = newest_good(tmp_path, lambda message: None)
    assert found is not None
    assert found.state["step"] == 50
    assert newest_good(tmp_path / "none", pytest.fail) is None


def test_list_is_by_step_without_the_unfinished(tmp_path: Path) -> None:
    for step in (1_000_000, 999_999, 200, 100):
        save(tmp_path, step)
    save_checkpoint(tmp_path, "best", FILES, STATE)
    (tmp_path / ".tmp-step-000300-ab").mkdir()
    aside(tmp_path / "step-000200").mkdir()
    listed = [path.name for path in checkpoints(tmp_path)]
    assert listed == ["step-000100", "step-000200", "step-999999", "step-1000000"]


def test_prune_keeps_the_last_and_every_nth(tmp_path: Path) -> None:
    for step in range(100, 700, 100):
        save(tmp_path, step)
    save_checkpoint(tmp_path, "best", FILES, STATE)
    prune(tmp_path, keep_last=2, keep_every=300)
    assert names(tmp_path) == ["best", "step-000300", "step-000500", "step-000600"]
    prune(tmp_path, keep_last=1)
    assert names(tmp_path) == ["best", "step-000600"]


def test_later_checkpoints_are_cut_off(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        save(tmp_path, step)
    cut_after(tmp_path, 200)
    assert names(tmp_path) == ["step-000100", "step-000200"]


def test_copy_set_aside_is_read_when_its_replacement_was_cut_short(tmp_path: Path) -> None:
    path = save(tmp_path, 100)
    path.rename(aside(path))
    assert read_checkpoint(path).state == STATE
    assert newest_good(tmp_path, pytest.fail) is not None


def test_full_disk_leaves_the_previous_checkpoint_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 100)
    syncs = 0

    def fill_up(descriptor: int) -> None:
        nonlocal syncs
        syncs -= 1
        if syncs < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fill_up)
    for going_well in range(5):
        syncs = going_well
        with pytest.raises(RunError, match=r"disk is full: .*step-000200") as caught:
            save(tmp_path, 200)
        assert "free some space" in str(caught.value.tip)
        assert names(tmp_path) == ["step-000100"]
    assert read_checkpoint(tmp_path / "step-000100").state == STATE


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_system_that_takes_half_a_file_leaves_the_previous_checkpoint(tmp_path: Path) -> None:
    import resource

    save_checkpoint(tmp_path, "best", {"model": b"old"}, STATE)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(RunError, match="disk is full"):
            save_checkpoint(tmp_path, "best", {"model": bytes(2 << 20)}, STATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == ["best"]
    assert read_checkpoint(tmp_path / "best").file("model") == b"old"


def test_reader_beside_a_writer_sees_whole_checkpoints_only(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, "best", {"model": b"0" * 100}, {"step": 0})
    done = threading.Event()
    seen: list[int] = []
    faults: list[Exception] = []

    def read() -> None:
        while not done.is_set():
            try:
                found = read_checkpoint(tmp_path / "best")
                assert found.file("model") == str(found.state["step"]).encode() * 100
                seen.append(found.state["step"])
            except Exception as error:
                faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for step in range(1, 60):
        save_checkpoint(tmp_path, "best", {"model": str(step).encode() * 100}, {"step": step})
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(set(seen)) > 1


WRITER = """
import os, sys
from pathlib import Path
from limner.runs.checkpoint import newest_good, prune, save_checkpoint, step_name
from limner.runs.lock import RunLock
run = Path(sys.argv[1])
with RunLock(run):
    found = newest_good(run / "checkpoints", sys.exit)
    step = found.state["step"] if found else 0
    print("ready", flush=True)
    while True:
        step += 1
        files = {"model": os.urandom(200_000), "optimiser": os.urandom(100_000)}
        save_checkpoint(run / "checkpoints", step_name(step), files, {"step": step})
        save_checkpoint(run / "checkpoints", "best", files, {"step": step})
        prune(run / "checkpoints", 2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_at_any_moment_a_good_checkpoint_stands(tmp_path: Path) -> None:
    draw = random.Random(3)
    folder = tmp_path / "checkpoints"
    steps, best = [0], [0]
    for _ in range(30):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0, 0.15))
        writer.kill()
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        found = newest_good(folder, pytest.fail)
        if found is not None:
            steps.append(found.state["step"])
            assert set(found.contents) == {"model", "optimiser"}
        if standing(folder / "best").exists():
            best.append(read_checkpoint(folder / "best").state["step"])
    assert steps == sorted(steps)
    assert best == sorted(best)
    assert min(steps[-1], best[-1]) > 5
    with RunLock(tmp_path):
        assert [name for name in names(folder) if name.startswith(".")] == []
        prune(folder, 2)
        assert len(checkpoints(folder)) == 2
