"""The command line. `main` runs it in this process and returns the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from limner.errors import LimnerError

ERROR_FILES = "limner-error-*.txt"
"""Names, in the system's temporary folder, of the tracebacks of unexpected errors."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: the words after `limner`; those of this process by default.

    Returns:
        0 on success, 1 on a failure that the user can mend, 2 when the command line cannot be parsed, 130 after Ctrl-C.
        With LIMNER_DEBUG=1 in the environment an error is raised with its traceback instead.
    """
    from typer import Abort, Exit
    from typer.exceptions import TyperException

    from limner.cli.app import command
    from limner.cli.lazy import CommandLineError

    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = command.main(args=words or ["--help"], prog_name="limner", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except LimnerError as error:
        if _debugging():
            raise
        _say(error.message, error.tip)
        return 2 if isinstance(error, CommandLineError) else 1
    except TyperException as error:
        return _explain(error)
    except Exit as error:
        return error.exit_code
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except (KeyboardInterrupt, Abort):
        return 130
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:
        if _debugging():
            raise
        return _unexpected(error)


def _debugging() -> bool:
    return os.environ.get("LIMNER_DEBUG", "") not in ("", "0")


def _say(message: str, tip: str | None) -> None:
    from limner.cli.output import messages

    console = messages()
    console.print("[bold red]error[/bold red]: ", end="")
    console.print(message, markup=False, highlight=False, soft_wrap=True)
    if tip:
        console.print("[bold green]tip[/bold green]: ", end="")
        console.print(tip, markup=False, highlight=False, soft_wrap=True)


def _explain(error: Any) -> int:
    """Say what is wrong with the command line; show the command's help when a word is missing."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is not None and message.startswith("Missing"):
        print(context.get_help(), end="\n\n", file=sys.stderr)
    tip = f"'{context.command_path} --help' shows what it takes" if context is not None else None
    similar = get_close_matches(getattr(error, "option_name", ""), getattr(error, "possibilities", None) or [], n=1)
    if similar:
        message, tip = error.message, f"a similar option exists: '{similar[0]}'"
    _say(message, tip)
    return int(error.exit_code)


def _closed_pipe() -> int:
    """Whoever read our output has gone: end quietly, and keep the interpreter from flushing into the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _unexpected(error: Exception) -> int:
    import tempfile
    import traceback

    prefix, suffix = ERROR_FILES.split("*")
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    seen = f"the traceback is in {name} (LIMNER_DEBUG=1 shows it here)"
    if theirs := _code_of_others(error):
        _say(f"{type(error).__name__} in {theirs}: {error}", f"this is code that is not limner's; {seen}")
    else:
        _say(
            f"unexpected {type(error).__name__}: {error}",
            f"this is a fault in limner; {seen}; 'limner doctor --bundle FILE' collects what a bug report needs",
        )
    return 1


def _code_of_others(error: Exception) -> str | None:
    """Where a method of the user's own went wrong: the innermost line that is neither limner's nor a library's."""
    import sysconfig
    import traceback

    package = str(Path(__file__).parents[1])
    libraries = {package, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_file() and not frame.filename.startswith(tuple(libraries)):
            return f"{frame.filename}, line {frame.lineno}"
    return None
