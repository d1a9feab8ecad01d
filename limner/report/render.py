"""Turn a template into one self-contained page: styles and script inside, everything of the run escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from limner.report import words


def render(template: str, **context: Any) -> str:
    """The page of a template in `templates/`."""
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("limner.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own two files, never anything of a run, so they may pass unescaped.
    environment.globals["style"] = _own("style.css")
    environment.globals["script"] = _own("page.js")
    environment.filters["number"] = words.number
    environment.filters["setting"] = words.setting
    environment.filters["plural"] = words.plural
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":"), "ensure_ascii": False}
    return environment


def _own(name: str) -> Markup:
    return Markup(files("limner.report").joinpath("templates", name).read_text(encoding="utf-8"))
