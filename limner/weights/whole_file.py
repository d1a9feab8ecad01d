"""Write a file so that it appears whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from limner.errors import WeightsError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a new path beside `path` to write to; flush that file and rename it into place when the block ends well.

    Folders above `path` are made. When the block fails, the new file is removed and `path` is left as it was.

    Raises:
        WeightsError: the folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Choose a folder you may write to, with enough room.",
        ) from error


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle of a folder to flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
