"""A zip for a bug report, with nothing in it that tells who wrote it."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import socket
import stat
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from limner.cli import ERROR_FILES
from limner.files import write_atomically


def write_bundle(path: Path, diagnosis: Mapping[str, Any]) -> None:
    """Write the zip: the diagnosis, all installed packages, and the newest traceback of limner; each anonymised.

    Raises:
        RunError: the file cannot be written.
    """
    texts = {"doctor.json": json.dumps(diagnosis, indent=2), "packages.txt": _packages()}
    traceback = _newest_traceback()
    if traceback is not None:
        texts["traceback.txt"] = traceback
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, anonymise(text))
    write_atomically(path, content.getvalue())


def anonymise(text: str) -> str:
    """The text with the home folder as ~, and the names of the user and the host replaced."""
    if home := _home():
        text = text.replace(json.dumps(home)[1:-1], "~").replace(home, "~")
    for name, replacement in ((socket.gethostname(), "HOST"), (_user(), "USER")):
        if name:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", replacement, text, flags=re.IGNORECASE)
    return text


def _home() -> str:
    """Empty where there is none, as in a container, whose users often have no home or the root folder."""
    try:
        home = Path.home()
    except RuntimeError:
        return ""
    return "" if home == Path(home.anchor) else str(home)


def _user() -> str:
    """Empty where the system has no name for the user, as in a container that runs under a number."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        return ""


def _newest_traceback() -> str | None:
    """The temporary folder is often shared: only plain files of this user's own, never a link to one, are looked at."""
    found: list[tuple[float, Path]] = []
    for file in Path(tempfile.gettempdir()).glob(ERROR_FILES):
        with suppress(OSError):
            about = file.lstat()
            if stat.S_ISREG(about.st_mode) and (sys.platform == "win32" or about.st_uid == os.getuid()):
                found.append((about.st_mtime, file))
    for _, file in sorted(found, reverse=True):
        with suppress(OSError):
            return file.read_text(encoding="utf-8", errors="replace")
    return None


def _packages() -> str:
    return "\n".join(sorted({f"{package.name}=={package.version}" for package in distributions()}, key=str.casefold))
