"""One writer per run folder. The system holds the lock, so a killed writer never leaves it stuck."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from limner.errors import RunError
from limner.files import cannot_write, mend_folder
from limner.runs.folder import RunFolder

LOCK = "lock"

_NOT_OFFERED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_FAR = 1 << 30


@dataclass(frozen=True)
class Writer:
    """Who writes a run folder.

    Attributes:
        started: when the process started, in the system's own count, so that a reused pid is told apart; None where
            the system does not say.
        since: when it took the lock, in seconds since 1970.
    """

    pid: int
    host: str
    started: int | None
    since: float

    def gone(self) -> bool:
        """Whether the process has certainly ended: it ran on this host, and no such process runs now."""
        return self.host == socket.gethostname() and _started(self.pid) != self.started


class RunLock:
    """Context manager: this process alone writes the run folder. What killed writers left half done is cleared away.

    The lock is the system's, on the file `lock` (flock; on Windows a locked byte); what the file says is only for
    people. Where a file system offers no locks, the file's content decides.

    Raises:
        RunError: on entering, when another process writes the run; names its pid and host.
    """

    def __init__(self, run_path: Path) -> None:
        self.path = run_path / LOCK
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            self._take(self._file)
            mend_folder(RunFolder(self.path.parent).checkpoints)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
        self._close()

    def _take(self, file: int) -> None:
        try:
            _lock(file)
        except OSError as error:
            writer = _read(self.path)
            if error.errno not in _NOT_OFFERED or (writer and not writer.gone()):
                raise self._refusal(writer) from error
        me = Writer(os.getpid(), socket.gethostname(), _started(os.getpid()), round(time.time(), 3))
        try:
            os.ftruncate(file, 0)
            os.write(file, json.dumps(asdict(me)).encode())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def _refusal(self, writer: Writer | None) -> RunError:
        run = self.path.parent
        if writer is None:
            return RunError(
                f"Another process is writing {run}.", "wait for it to end, or start a run of another --name"
            )
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(writer.since))
        return RunError(
            f"{run} is being written by process {writer.pid} on {writer.host}, since {since}.",
            f"wait for it to end, stop it (kill -INT {writer.pid} on {writer.host}), or start a run of another --name",
        )

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read(path: Path) -> Writer | None:
    try:
        return Writer(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _started(pid: int) -> int | None:
    """Start time of a living process in clock ticks since boot; None if it has ended or the system does not say."""
    try:
        # Field 22 of proc(5); the second field, a name in brackets, may itself contain spaces and brackets.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        # A byte far beyond the content, which so stays readable for others.
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
