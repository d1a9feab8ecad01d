"""A zip for a bug report, with nothing in it that tells who wrote it, or where their files lie."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import socket
import stat
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import limner
from limner.cli import ERROR_FILES
from limner.files import write_atomically

_ROOT = r"(?:~[\\/]|[A-Za-z]:[\\/]|/(?![/\s])|\\\\)"
_ANOTHER = r": |\s(?:[~/]|\w+:[\\/])"
"""Where a path without quotes, which may hold spaces, is over at the latest: another path or an address follows."""
_PATH = re.compile(
    rf"""(?<="){_ROOT}[^"\n]*(?=")|(?<='){_ROOT}[^'\n]*(?=')"""
    rf"""|(?<![\w.~\\/]){_ROOT}(?:(?:(?!{_ANOTHER})[^\n"'])*[\\/])?[^\s"'\\/]*"""
)


def write_bundle(path: Path, diagnosis: Mapping[str, Any]) -> None:
    """Write the zip: the diagnosis, all installed packages, and the newest traceback of limner; each anonymised.

    Raises:
        RunError: the file cannot be written.
    """
    texts = {"doctor.json": json.dumps(_anonymous(diagnosis), indent=2), "packages.txt": anonymise(_packages())}
    traceback = _newest_traceback()
    if traceback is not None:
        texts["traceback.txt"] = anonymise(traceback)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    write_atomically(path, content.getvalue())


def anonymise(text: str) -> str:
    """The text with other words for what tells who wrote it.

    A path keeps its last name alone, behind ~ if it begins there: /FOLDER/runs. Those in limner, in Python and among
    the installed packages begin at limner, PYTHON and site-packages. The user is called USER, the host HOST.
    """
    for folder, mark in [*_installation(), (_home(), "~")]:
        if folder:
            text = re.sub(rf"""(?<![\w.~]){re.escape(folder)}(?=[\\/\s"':,;)]|$)""", mark, text, flags=re.MULTILINE)
    return _without_names(_PATH.sub(lambda path: _short(path[0]), text))


def _anonymous(value: Any, name: str = "") -> Any:
    """The document with each text in it anonymised; what a setting of limner says is a path if it looks like one."""
    match value:
        case Mapping():
            return {key: _anonymous(inner, key) for key, inner in value.items()}
        case list():
            return [_anonymous(inner) for inner in value]
        case str() if name.startswith("LIMNER_") and re.search(r"[\\/]", value) and not re.match(_ROOT, value):
            return _without_names(_short(value))
        case str():
            # In quotes, because the whole of it may be a path with spaces.
            return anonymise(f'"{value}"')[1:-1]
    return value


def _short(path: str) -> str:
    """A path with one word for all its folders."""
    *folders, last = re.split(r"[\\/]+", path.rstrip("\\/"))
    kept = [folder for folder in folders[:1] if folder in ("", ".", "~") or folder.endswith(":")]
    return path if folders == kept else "/".join([*kept, "FOLDER", last])


def _without_names(text: str) -> str:
    for name, replacement in ((socket.gethostname(), "HOST"), (_user(), "USER")):
        if name:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", replacement, text, flags=re.IGNORECASE)
    return text


def _installation() -> list[tuple[str, str]]:
    """Folders of limner, Python and packages, and what they are called; those within others first."""
    marks = {str(Path(limner.__file__).parent): "limner"}
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        paths = sysconfig.get_paths(scheme)
        marks |= {paths["purelib"]: "site-packages", paths["platlib"]: "site-packages", paths["stdlib"]: "PYTHON"}
    return sorted(marks.items(), key=lambda mark: -len(mark[0]))


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
