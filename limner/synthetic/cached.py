"""Pictures that limner draws itself for a recipe that names no folder."""

from __future__ import annotations

from pathlib import Path

from limner.config.data import DataSettings, SyntheticSettings
from limner.data.cache import cache_folder, touch
from limner.data.decoded import OnProgress
from limner.errors import LimnerError, RunError
from limner.files import is_folder
from limner.synthetic import DRAWING, make_facades


def with_synthetic(settings: DataSettings, progress: OnProgress | None = None) -> DataSettings:
    """The settings with `path`, and `path_b` where it takes two folders, naming drawn pictures instead of none.

    They lie beside the decoded ones, and are drawn now if they are not there yet. Settings that name a folder, or have
    nothing drawn, are given back as they are.

    Args:
        settings: of the recipe; say what to draw, and its size.
        progress: told (done, all) after each facade.

    Raises:
        RunError: the folder cannot be written; the tip says how to name another.
    """
    if settings.path is not None or settings.synthetic is None:
        return settings
    folder = _drawn(settings.synthetic, settings.size, progress)
    paths = {"path": folder}
    if settings.synthetic.task == "degraded":
        paths = {"path": folder / "phone", "path_b": folder / "canon"}
    return settings.model_copy(update=paths)


def _drawn(synthetic: SyntheticSettings, size: int, progress: OnProgress | None) -> Path:
    folder = cache_folder() / f"facades-{synthetic.task}-{synthetic.count}-{synthetic.seed}-{size}-v{DRAWING}"
    if is_folder(folder):
        touch(folder)
        return folder
    try:
        make_facades(synthetic.task, synthetic.count, synthetic.seed, folder, size, progress)
    except LimnerError as error:
        # Another run that drew the same at the same time was first, and reads them already.
        if is_folder(folder):
            return folder
        if isinstance(error, RunError):
            tip = f"{error.tip}; LIMNER_CACHE=DIR names another place for drawn pictures"
            raise RunError(error.message, tip) from error
        raise
    return folder
