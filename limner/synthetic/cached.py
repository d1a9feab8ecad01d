"""Pictures that limner draws itself for a recipe that names no folder."""

from __future__ import annotations

from pathlib import Path

from limner.config.data import DataSettings, SyntheticSettings
from limner.data.cache import cache_folder, touch
from limner.data.decoded import Progress
from limner.errors import LimnerError, RunError
from limner.files import is_folder
from limner.synthetic import DRAWING, make_facades


def synthetic_images(synthetic: SyntheticSettings, settings: DataSettings, progress: Progress | None = None) -> Path:
    """The folder of the drawn pictures, beside the decoded ones; drawn now if it is not there yet.

    Args:
        synthetic: what to draw.
        settings: of the recipe; says the size.
        progress: told (done, all) after each facade.

    Raises:
        RunError: the folder cannot be written; the tip says how to name another.
    """
    folder = cache_folder() / f"facades-{synthetic.task}-{synthetic.count}-{synthetic.seed}-{settings.size}-v{DRAWING}"
    if is_folder(folder):
        touch(folder)
        return folder
    try:
        make_facades(synthetic.task, synthetic.count, synthetic.seed, folder, settings.size, progress)
    except LimnerError as error:
        # Another run that drew the same at the same time was first, and reads them already.
        if is_folder(folder):
            return folder
        if isinstance(error, RunError):
            tip = f"{error.tip}; LIMNER_CACHE=DIR names another place for drawn pictures"
            raise RunError(error.message, tip) from error
        raise
    return folder
