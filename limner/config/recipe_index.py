"""Which file a recipe's name means: recipes shipped with limner, those of plug-ins, files and run folders."""

from __future__ import annotations

import logging
from errno import EINVAL, ENOENT, ENOTDIR
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from stat import S_ISDIR
from types import ModuleType

from limner.config.keys import nearest
from limner.config.source import cannot_read
from limner.errors import RecipeError

SHIPPED = Path(__file__).parent.parent / "recipes"
ENTRY_POINTS = "limner.recipes"
"""Group of entry points; each names a package, or an attribute that is a folder, with recipes as *.yaml in it."""
RUN_RECIPE = "recipe.yaml"
"""The resolved recipe in a run folder."""

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


def find_recipe(recipe: str | Path, folder: Path = Path()) -> Path:
    """The file that is meant: a name first, then a file or run folder, relative to `folder`.

    Raises:
        RecipeError: there is none.
    """
    known = {} if isinstance(recipe, Path) else known_recipes()
    if recipe in known:
        return known[str(recipe)]
    path = folder / Path(recipe).expanduser()
    try:
        file = path / RUN_RECIPE if S_ISDIR(path.stat().st_mode) else path
        file.stat()
        return file
    except OSError as error:
        # Windows says EINVAL of a name that no file can have.
        if error.errno not in (ENOENT, ENOTDIR, EINVAL):
            raise cannot_read(str(recipe), error) from error
    except ValueError:  # a zero byte in the name
        pass
    if path.is_dir():
        raise RecipeError(f"the folder {recipe} holds no {RUN_RECIPE}", "name a run folder or a YAML file")
    if isinstance(recipe, Path) or path.suffix in (".yaml", ".yml") or len(Path(recipe).parts) > 1:
        raise RecipeError(f"no recipe file {shown_path(path)}", "'limner recipes' lists the shipped recipes")
    similar = nearest(recipe, known)
    raise RecipeError(
        f"unknown recipe '{recipe}'",
        f"a similar recipe exists: '{similar}'" if similar else f"there are: {', '.join(known)}",
    )


def shown_path(path: Path) -> str:
    """A path as a person would write it: short when it lies below the current folder."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _recipes_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _folder(plug_in: EntryPoint) -> Path:
    found = plug_in.load()
    if isinstance(found, ModuleType):
        return Path(next(iter(found.__path__)))
    return Path(found)
