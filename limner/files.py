"""Write files and folders so that a reader never meets half of one, whatever dies in between."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from limner.errors import RunError

TEMPORARY = ".tmp-"
"""What the names of unfinished files and folders begin with."""
ASIDE = ".old-"
"""What the name of a folder begins with while a new one takes its place."""


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write a file that appears whole or not at all, and is on the disk when this returns. Text becomes UTF-8.

    Raises:
        RunError: it cannot be written (a folder stands there, disk full, no permission, ...); an older file of that
            name is untouched.
    """
    # Asked beforehand, because beside `.` there is no place for a temporary file.
    if is_folder(path):
        raise cannot_write(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    temporary = _temporary(path)
    try:
        write_synced(temporary, data.encode() if isinstance(data, str) else data)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until it is on the disk.

    Raises:
        OSError: as the system says it; `cannot_write` turns it into words.
    """
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Wait until a file that somebody else has written is on the disk.

    Raises:
        OSError: as the system says it.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def whole_folder(path: Path) -> AbstractContextManager[Path]:
    """Fill the folder that is handed out; when the block ends well it takes the place of `path`, else it is removed.

    The files themselves must be synced by who writes them (`write_synced`).
    Folders above `path` are made.

    Raises:
        RunError: something in the block, or the renaming, met a full disk, a missing permission, ...
    """
    return _filled(path, replace_folder)


def new_folder(path: Path) -> AbstractContextManager[Path]:
    """Like `whole_folder`, but what has come to stand at `path` in the meantime stays, unless it is an empty folder.

    Raises:
        RunError: as there; or something stands at `path`, and what was filled is removed.
    """
    return _filled(path, _settle)


def replace_folder(temporary: Path, path: Path) -> None:
    """Rename a finished folder into place. An older one steps aside first, under the name that `standing` knows.

    At every moment a reader that goes through `standing` finds the old or the new one, whole.
    """
    sync_folder(temporary)
    old = aside(path)
    if path.exists():
        # An aside copy beside a standing folder is a leftover of a writer killed just before its deletion.
        shutil.rmtree(old, ignore_errors=True)
        path.rename(old)
    temporary.rename(path)
    sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def standing(path: Path) -> Path:
    """Where the folder is to be read: in its place, or aside if its replacement was cut short."""
    return aside(path) if not path.exists() and aside(path).exists() else path


def aside(path: Path) -> Path:
    """The name under which a folder waits while a new one takes its place."""
    return path.with_name(f"{ASIDE}{path.name}")


def remove_folder(path: Path) -> None:
    """Delete a folder; it vanishes at once, so nobody meets it half deleted."""
    doomed = _temporary(path)
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def mend_folder(folder: Path) -> None:
    """Undo what killed writers left in a folder. Only for who holds the lock: it would disturb a living writer."""
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if path.name.startswith(TEMPORARY):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        elif path.name.startswith(ASIDE):
            place = path.with_name(path.name.removeprefix(ASIDE))
            shutil.rmtree(path, ignore_errors=True) if place.exists() else path.rename(place)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def printable(text: str) -> str:
    r"""The text, with `\udcff` for each byte of a file's name that is no UTF-8: it can be printed and written."""
    return text.encode(errors="backslashreplace").decode()


def shown(file: Path, root: Path) -> str:
    """A file as a person would name it: by its path in the folder when it is there, legible."""
    return printable(file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file))


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, as far as one may know."""
    try:
        return path.is_dir()
    except OSError:
        return False


def cannot_write(path: Path, error: OSError) -> RunError:
    """The system's refusal to write, in words: what, where, and what to do."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return RunError(
                f"The disk is full: {path} could not be written. What was there before is intact.",
                f"free some space on the disk of {path.parent.absolute()}, then try again",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return RunError(
                f"No permission to write {path}.",
                f"change the permissions of {_refusing(path, error)}, or choose another folder",
            )
        case errno.EISDIR:
            return RunError(
                f"{path} cannot be written: it is a folder, and a file is to be written.",
                f"give the name of a file, such as {path / 'FILE'}",
            )
        case errno.ENOTDIR | errno.EEXIST:
            return RunError(f"{path} cannot be written: a file is where a folder should be.", "choose another folder")
        case errno.ENOTEMPTY:
            return RunError(f"{path} cannot be written: another folder stands there by now.", "choose another folder")
    return RunError(f"{path} cannot be written: {error.strerror or error}.", "choose another folder")


def _refusing(path: Path, error: OSError) -> Path:
    """What needs other permissions: the nearest folder that there is, or the file when the folder lets it be written.

    The error's own name tells more than `path`, for the system may have refused what is in it or beside it.
    """
    place = Path(error.filename if isinstance(error.filename, str | Path) else path).absolute()
    folder = next((above for above in place.parents if is_folder(above)), place.parent)
    if os.access(folder, os.W_OK | os.X_OK) and os.access(place, os.F_OK) and not os.access(place, os.W_OK):
        return place
    return folder


@contextmanager
def _filled(path: Path, settle: Callable[[Path, Path], None]) -> Iterator[Path]:
    temporary = _temporary(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        settle(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _settle(temporary: Path, path: Path) -> None:
    sync_folder(temporary)
    # Takes away an empty folder only; Windows renames onto no folder at all.
    with suppress(OSError):
        path.rmdir()
    temporary.rename(path)
    sync_folder(path.parent)


def _temporary(path: Path) -> Path:
    if not path.name:
        raise RunError(f"The folder {path.absolute()} cannot be made under the name '{path}'.", "give it a name")
    return path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
