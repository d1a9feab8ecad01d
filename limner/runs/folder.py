"""A run is a folder that explains itself: where it lives, what it is called, and what lies in it."""

from __future__ import annotations

import difflib
import errno
import os
import re
import secrets
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from limner.errors import RunError
from limner.files import TEMPORARY, cannot_write, sync_folder, write_synced

RECIPE = "recipe.yaml"

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_LONGEST_NAME = 100


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run and the places of its files; the folder exists, its files may not yet."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.absolute().name

    @property
    def recipe_path(self) -> Path:
        return self.path / RECIPE

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def events_path(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def health_path(self) -> Path:
        return self.path / "health.jsonl"

    @property
    def declaration_path(self) -> Path:
        return self.path / "run.json"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    @property
    def environment_path(self) -> Path:
        return self.path / "environment.json"

    @property
    def data_path(self) -> Path:
        return self.path / "data.json"

    @property
    def wandb_path(self) -> Path:
        """The name by which Weights & Biases knows the run."""
        return self.path / "wandb.json"

    @property
    def failure_path(self) -> Path:
        """Where one of several processes leaves its message for the one that started it."""
        return self.path / "failure.txt"

    @property
    def report_path(self) -> Path:
        return self.path / "report.html"


def runs_folder(option: Path | None) -> Path:
    """Where run folders live: the option, else the environment variable LIMNER_RUNS, else `runs`."""
    return option or Path(os.environ.get("LIMNER_RUNS") or "runs")


def create_run(
    runs: Path, name: str | None, recipe_name: str, files: Mapping[str, bytes | str] | None = None
) -> RunFolder:
    """Make the folder of a new run. Two that start at once never get the same one.

    The folder appears together with the files handed in: give it `recipe.yaml`, and the run can be resumed from the
    moment it exists.

    Args:
        runs: the folder below which runs live; made when missing.
        name: the run's name; without one it is called RECIPE-001, RECIPE-002, ...
        recipe_name: the recipe's name or file, from which an unnamed run takes its own.
        files: names and contents of the first files.

    Raises:
        RunError: the name is taken or cannot be a folder's name, or the folder cannot be written.
    """
    candidates = _numbered(runs, recipe_name) if name is None else iter([runs / _checked(name)])
    staged = runs / f"{TEMPORARY}run-{secrets.token_hex(4)}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        _stage(staged, files or {})
        for path in candidates:
            if _claim(staged, path):
                sync_folder(runs)
                return RunFolder(path)
    except OSError as error:
        raise cannot_write(runs if name is None else runs / name, error) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    raise _taken(runs, str(name))


def check_new_run(runs: Path, name: str | None) -> None:
    """Refuse now what `create_run` would refuse after minutes of looking at pictures; writes nothing.

    Raises:
        RunError: the name is taken or cannot be a folder's name, or the folder cannot be written.
    """
    try:
        if name is not None and (runs / _checked(name)).exists():
            raise _taken(runs, name)
        existing = next(place for place in (runs, *runs.absolute().parents) if place.exists())
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
    except OSError as error:
        raise cannot_write(runs if name is None else runs / name, error) from error


def open_run(path_or_name: str | Path, runs: Path) -> RunFolder:
    """Find a run by the path of its folder, or by its name below `runs`.

    Raises:
        RunError: there is no such run, and the nearest one is named; or it cannot be read.
    """
    places = [Path(path_or_name), runs / path_or_name]
    refused: list[tuple[Path, OSError]] = []
    for place in places:
        try:
            if stat.S_ISREG((place / RECIPE).stat().st_mode):
                return RunFolder(place)
        except OSError as error:
            # Windows says EINVAL of a name that no file can have.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EINVAL):
                refused.append((place, error))
    if refused:
        place, refusal = refused[0]
        reason = (refusal.strerror or str(refusal)).lower()
        raise RunError(
            f"{place} cannot be read: {reason}.", "allow reading it and the folders around it, or name another run"
        ) from refusal
    for place in places:
        if place.is_dir():
            raise RunError(f"{place} is not a run folder: it has no {RECIPE}.", _known(str(path_or_name), runs))
    raise RunError(
        f"There is no run {str(path_or_name)!r}, neither here nor in {runs}.", _known(str(path_or_name), runs)
    )


def list_runs(runs: Path) -> list[RunFolder]:
    """All runs below a folder, by name."""
    with suppress(OSError):
        return [RunFolder(path) for path in sorted(runs.iterdir()) if (path / RECIPE).is_file()]
    return []


def _taken(runs: Path, name: str) -> RunError:
    return RunError(
        f"There is a run named {name} already: {runs / name}.",
        f"go on with it by --resume {shlex.quote(name)}, or start another with a different --name",
    )


def _checked(name: str) -> str:
    if not name or name != name.strip() or name.startswith((".", "-")) or name.endswith("."):
        fault = "is empty, or begins or ends with a dot, a dash or a space"
    elif _UNSAFE.search(name):
        fault = 'has a character that folders cannot have everywhere: one of < > : " / \\ | ? * or an invisible one'
    elif _RESERVED.fullmatch(name):
        fault = "is reserved by Windows"
    elif len(name.encode()) > _LONGEST_NAME:
        fault = f"is longer than {_LONGEST_NAME} bytes"
    else:
        return name
    raise RunError(
        f"{name!r} cannot be the name of a run: it {fault}.",
        "use letters, digits, dashes and dots; --runs DIR says where runs live",
    )


def _numbered(runs: Path, recipe_name: str) -> Iterator[Path]:
    stem = re.sub(r"[^\w.-]+", "-", Path(recipe_name).stem or recipe_name).strip("-.")[:50] or "run"
    pattern = re.compile(rf"{re.escape(stem)}-(\d+)", re.IGNORECASE)
    found = [pattern.fullmatch(path.name) for path in runs.iterdir()] if runs.is_dir() else []
    taken = [int(match[1]) for match in found if match]
    return (runs / f"{stem}-{number:03d}" for number in count(max(taken, default=0) + 1))


def _stage(staged: Path, files: Mapping[str, bytes | str]) -> None:
    staged.mkdir()
    (staged / "checkpoints").mkdir()
    (staged / "samples").mkdir()
    for name, data in files.items():
        write_synced(staged / name, data.encode() if isinstance(data, str) else data)
    sync_folder(staged)


def _claim(staged: Path, path: Path) -> bool:
    """Rename the staged folder to `path` unless that is taken. The system refuses to replace a folder with content."""
    if os.path.lexists(path):
        return False
    try:
        staged.rename(path)
    except OSError:
        if os.path.lexists(path):
            return False
        raise
    return True


def _known(wanted: str, runs: Path) -> str:
    names = [run.name for run in list_runs(runs)]
    near = difflib.get_close_matches(Path(wanted).name, names, n=1)
    if near:
        return f"a similar run exists: '{near[0]}'"
    if names:
        return f"runs in {runs}: {', '.join(names[-5:])}"
    return f"there are no runs in {runs}; --runs DIR or LIMNER_RUNS says where they live"
