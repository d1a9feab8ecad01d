"""Where recipes known by name lie: those shipped with limner and those of plug-ins."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

SHIPPED = Path(__file__).parent.parent / "recipes"
ENTRY_POINTS = "limner.recipes"
"""Group of entry points; each names a package, or an attribute that is a folder, with recipes as *.yaml in it."""

_log = logging.getLogger(__name__)


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with limner, by name."""
    return _recipes_in(SHIPPED)


def known_recipes() -> dict[str, Path]:
    """Every recipe that has a name. A plug-in cannot replace a shipped one; a broken plug-in is logged and left out."""
    known: dict[str, Path] = {}
    for plug_in in entry_points(group=ENTRY_POINTS):
        try:
            known.update(_recipes_in(_folder(plug_in)))
        except Exception as error:
            _log.warning("the recipes of the plug-in '%s' cannot be read: %s", plug_in.name, error)
    return {**known, **shipped_recipes()}


def _recipes_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _folder(plug_in: EntryPoint) -> Path:
    found = plug_in.load()
    if isinstance(found, ModuleType):
        return Path(next(iter(found.__path__)))
    return Path(found)
