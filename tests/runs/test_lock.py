import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from limner.errors import RunError
from limner.runs import lock
from limner.runs.lock import RunLock

HOLD = "import sys, time; from pathlib import Path; from limner.runs.lock import RunLock\n"
HOLD += "with RunLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def holder(run: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_process_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(RunError) as caught, RunLock(tmp_path):
            pass
        assert f"process {process.pid} on {socket.gethostname()}" in caught.value.message
        assert str(tmp_path) in caught.value.message
    finally:
        process.communicate("")
    with RunLock(tmp_path):
        pass


def test_killed_holder_leaves_nothing_stuck(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert json.loads((tmp_path / "lock").read_text())["pid"] == process.pid
    with RunLock(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_one_process_cannot_take_it_twice(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        with pytest.raises(RunError, match=f"process {os.getpid()}"), RunLock(tmp_path):
            pass
        with pytest.raises(RunError), RunLock(tmp_path):
            pass
    with RunLock(tmp_path):
        pass
    assert (tmp_path / "lock").read_text() == ""


def test_it_is_given_back_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(tmp_path):
        raise ZeroDivisionError
    with RunLock(tmp_path):
        pass


def test_unreadable_content_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff{half")
    with RunLock(tmp_path):
        pass


def test_what_killed_writers_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / ".tmp-step-000010-ab").mkdir(parents=True)
    (checkpoints / ".old-best").mkdir()
    with RunLock(tmp_path):
        assert [path.name for path in checkpoints.iterdir()] == ["best"]


def test_missing_run_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="lock cannot be written"), RunLock(tmp_path / "none"):
        pass


class TestWithoutLocksOfTheFileSystem:
    """Some network file systems offer none: then what the file says decides."""

    @pytest.fixture(autouse=True)
    def no_locks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(file: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(lock, "_lock", refuse)

    def leave(self, run: Path, **changed: object) -> None:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "started": lock._started(os.getpid()), "since": 0.0}
        (run / "lock").write_text(json.dumps({**me, **changed}))

    def test_living_writer_is_respected(self, tmp_path: Path) -> None:
        self.leave(tmp_path)
        with pytest.raises(RunError, match=f"process {os.getpid()}"), RunLock(tmp_path):
            pass

    def test_writer_of_another_host_is_respected(self, tmp_path: Path) -> None:
        self.leave(tmp_path, host="elsewhere", pid=1, started=1)
        with pytest.raises(RunError, match="on elsewhere"), RunLock(tmp_path):
            pass

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell when processes started")
    def test_writer_that_is_gone_is_followed(self, tmp_path: Path) -> None:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        self.leave(tmp_path, pid=gone.pid, started=123)
        with RunLock(tmp_path):
            pass

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell when processes started")
    def test_reused_pid_is_told_apart_by_its_start(self, tmp_path: Path) -> None:
        self.leave(tmp_path, started=1)
        with RunLock(tmp_path):
            pass
