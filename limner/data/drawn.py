"""Pictures that limner draws itself for a recipe that names no folder."""

from __future__ import annotations

from pathlib import Path

from limner.config.data import DataSettings, DrawnSettings
from limner.data.cache import cache_folder, touch
from limner.data.decoded import Progress
from limner.data.facades import DRAWING, make_facades
from limner.errors import LimnerError


def drawn_pictures(drawn: DrawnSettings, settings: DataSettings, progress: Progress | None = None) -> Path:
    """The folder of the drawn pictures, beside the decoded ones; drawn now if it is not there yet.

    Args:
        drawn: what to draw.
        settings: of the recipe; says the size.
        progress: told (done, all) after each facade.

    Raises:
        RunError: the folder cannot be written.
    """
    folder = cache_folder() / f"facades-{drawn.task}-{drawn.count}-{drawn.seed}-{settings.size}-v{DRAWING}"
    if folder.is_dir():
        touch(folder)
        return folder
    try:
        make_facades(drawn.task, drawn.count, drawn.seed, folder, settings.size, progress)
    except LimnerError:
        # Another run that drew the same at the same time was first, and reads them already.
        if not folder.is_dir():
            raise
    return folder
