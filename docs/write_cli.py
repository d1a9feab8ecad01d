"""Writes docs/cli.md from the commands' own --help: `make docs`."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperGroup

from limner.cli import main
from limner.cli.app import command
from limner.cli.lazy import LazyGroup

PAGE = Path(__file__).with_name("cli.md")

OPENING = """# The command line

This page is written from `--help` by `make docs`; do not edit it.
"""


def page() -> str:
    """The whole page as Markdown."""
    os.environ["COLUMNS"] = "80"
    return OPENING + "".join(_section(words) for words in ((), *walk(command, ())))


def walk(group: TyperGroup, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words of every command below a group, groups before their commands."""
    for name in group.list_commands(None):
        words = (*prefix, name)
        yield words
        found = group.entries[name].load(name) if isinstance(group, LazyGroup) else group.commands[name]
        if isinstance(found, TyperGroup):
            yield from walk(found, words)


def _section(words: tuple[str, ...]) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        main([*words, "--help"])
    text = "\n".join(line.rstrip() for line in shown.getvalue().strip().splitlines())
    return f"\n## {' '.join(('limner', *words))}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
