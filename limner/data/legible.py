"""Names of files as they can be shown: in a terminal, a log, a document."""

from __future__ import annotations

from pathlib import Path


def legible(text: str) -> str:
    r"""The text, with `\udcff` for each byte of a file's name that is no UTF-8: it can be printed and written."""
    return text.encode(errors="backslashreplace").decode()


def shown(file: Path, root: Path) -> str:
    """A file as a person would name it: by its path in the folder when it is there, legible."""
    return legible(file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file))
