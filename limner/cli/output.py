"""Where commands write: results on standard output, everything said to a person on standard error."""

import json
from typing import Any

from rich.console import Console

from limner.files import printable


def results() -> Console:
    """The console for what the user asked for."""
    return Console(highlight=False)


def messages() -> Console:
    """The console for progress, warnings, errors and the next useful lines."""
    return Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """One JSON document on standard output and nothing else; NaN is refused because JSON has none."""
    print(printable(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str)))
