"""A zip for a bug report, with nothing in it that tells who wrote it."""

from __future__ import annotations

import getpass
import io
import json
import re
import socket
import tempfile
import zipfile
from collections.abc import Mapping
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
    tracebacks = sorted(Path(tempfile.gettempdir()).glob(ERROR_FILES), key=lambda file: file.stat().st_mtime)
    if tracebacks:
        texts["traceback.txt"] = tracebacks[-1].read_text(encoding="utf-8", errors="replace")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, anonymise(text))
    write_atomically(path, content.getvalue())


def anonymise(text: str) -> str:
    """The text with the home folder as ~, and the names of the user and the host replaced."""
    text = text.replace(json.dumps(str(Path.home()))[1:-1], "~").replace(str(Path.home()), "~")
    for name, replacement in ((socket.gethostname(), "HOST"), (getpass.getuser(), "USER")):
        if name:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", replacement, text, flags=re.IGNORECASE)
    return text


def _packages() -> str:
    return "\n".join(sorted({f"{package.name}=={package.version}" for package in distributions()}, key=str.casefold))
