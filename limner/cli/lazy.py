"""A group of commands that imports a command's module only when that command runs or its own help is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from limner.errors import LimnerError


class CommandLineError(LimnerError):
    """The command line cannot be understood; the exit status is 2."""


@dataclass(frozen=True)
class Entry:
    """One line of a table of commands.

    Attributes:
        help: one line, shown in the list of commands.
        target: "module:name" of a function, a Typer app or a group; or the table of a group of its own.
    """

    help: str
    target: str | Mapping[str, Entry]

    def load(self, name: str) -> TyperCommand | TyperGroup:
        """The real command; this is where its module is imported."""
        if not isinstance(self.target, str):
            return LazyGroup(name=name, help=self.help, entries=self.target, rich_markup_mode=None)
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app = found
        else:
            app = typer.Typer(add_completion=False)
            app.command(name=name)(found)
        app.rich_markup_mode = None
        command = get_command(app)
        assert isinstance(command, TyperCommand | TyperGroup)
        command.name = name
        return command


class LazyGroup(TyperGroup):
    """Lists its commands from a table, and loads the one that is called."""

    def __init__(self, *, entries: Mapping[str, Entry], **settings: Any) -> None:
        super().__init__(**settings)
        self.entries = entries

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """A stand-in that knows the one line of help; `resolve_command` hands out the real command."""
        entry = self.entries.get(cmd_name)
        return TyperCommand(cmd_name, help=entry.help) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name = args[0]
        entry = self.entries.get(name)
        if entry is not None:
            return name, entry.load(name), args[1:]
        if ctx.resilient_parsing or name.startswith("-"):
            return super().resolve_command(ctx, args)
        raise CommandLineError(f"no such command: '{name}'", self._tip(ctx, name))

    def _tip(self, ctx: Any, name: str) -> str:
        similar = get_close_matches(name, self.entries, n=1)
        if similar:
            return f"a similar command exists: '{similar[0]}'"
        return f"'{ctx.command_path} --help' lists the commands"
