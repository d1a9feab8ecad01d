"""Checkpoints: folders that appear whole or not at all, sealed by a manifest, and never loaded when damaged.

checkpoints/step-000100/
  manifest.json    size and SHA-256 of every other file, and a seal over itself
  state.json       what the trainer says of the run
  ...              weights and optimisers
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.errors import CheckpointError, RunError
from limner.files import ASIDE, remove_folder, standing, sync_file, whole_folder, write_synced

SCHEMA = 1
BEST = "best"
MANIFEST = "manifest.json"
STATE = "state.json"
WEIGHTS = "model.safetensors"
"""The method's parameters and buffers; those of the model that is taken away begin with MODEL_PREFIX."""
EMA_WEIGHTS = "ema.safetensors"
"""The moving average of the model's, under the same names."""
MODEL_PREFIX = "model."

_STEP = re.compile(r"step-(\d+)")

State = Mapping[str, Any]
"""What JSON can say: None, bool, int, float, str, lists and string-keyed mappings of these."""
Content = bytes | Callable[[Path], None]
"""A file's bytes, or a function that writes it to the path it is given."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose bytes were checked while they were read; they are not read again.

    Attributes:
        path: its folder.
        state: what the trainer said of the run.
        names: all its files, also those that were not asked for.
    """

    path: Path
    state: dict[str, Any]
    names: tuple[str, ...]
    contents: Mapping[str, bytes]

    def file(self, name: str) -> bytes:
        """The checked bytes of a file.

        Raises:
            CheckpointError: the checkpoint has no such file, or it was not asked for.
        """
        if name not in self.contents:
            raise CheckpointError(
                f"The checkpoint {self.path} has no {name}; it has {', '.join(self.names)}.",
                "it may belong to a run with other settings",
            )
        return self.contents[name]


def step_name(step: int) -> str:
    """Name of the checkpoint after a step: step-000100."""
    return f"step-{step:06d}"


def save_checkpoint(folder: Path, name: str, files: Mapping[str, Content], state: State) -> Path:
    """Write a checkpoint; when this returns it is on the disk. One of the same name is replaced, never lost.

    Args:
        folder: the run's `checkpoints`; made when missing.
        name: `step-000100` (see `step_name`) or `best`.
        files: names and contents.
        state: anything JSON can say; floats keep every bit.

    Raises:
        RunError: it cannot be written (full disk, no permission); earlier checkpoints are untouched, nothing is left.
    """
    with whole_folder(folder / name) as temporary, ThreadPoolExecutor(1) as hasher:
        entries = {
            file: _write(temporary / file, content, hasher) for file, content in {**files, STATE: _json(state)}.items()
        }
        write_synced(temporary / MANIFEST, _sealed({"schema": SCHEMA, "files": entries}))
    return folder / name


def read_checkpoint(path: Path, only: Collection[str] | None = None) -> Checkpoint:
    """Read a checkpoint; every file is read once, and the very bytes that are handed out are checked.

    Args:
        path: the checkpoint's folder.
        only: names of the files to read beside the state, for who needs the weights but not the optimisers; all by
            default.

    Raises:
        CheckpointError: it is missing, incomplete or damaged; names the bad file.
        RunError: it cannot be read at present, or is of a newer format.
    """
    while True:
        place, manifest = _glance(path)
        try:
            return _read(path, place, manifest, only)
        except CheckpointError:
            # Replaced by a living writer while it was read: what stands there now is another one, read that.
            if _glance(path) == (place, manifest):
                raise


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of single steps, oldest first; `best` and unfinished ones are not among them."""
    names = {path.name.removeprefix(ASIDE) for path in folder.iterdir()} if folder.is_dir() else set()
    return [folder / name for name in sorted(filter(_STEP.fullmatch, names), key=step_of)]


def step_of(name: str) -> int:
    """The step that a checkpoint's name tells, 100 for step-000100.

    Raises:
        CheckpointError: the name tells none.
    """
    match = _STEP.fullmatch(name)
    if match is None:
        raise CheckpointError(f"{name!r} is not the name of a checkpoint.", f"checkpoints are called {step_name(100)}")
    return int(match[1])


def newest_good(folder: Path, on_bad: Callable[[str], None], only: Collection[str] | None = None) -> Checkpoint | None:
    """The newest checkpoint that is undamaged. `best` is tried when no other is left; None when there is none at all.

    Args:
        folder: the run's `checkpoints`.
        on_bad: told of each bad one, which and why.
        only: as for `read_checkpoint`.

    Raises:
        RunError: one that may well be good cannot be read at present, or is of a newer format.
    """
    best = [folder / BEST] if standing(folder / BEST).is_dir() else []
    for path in [*reversed(checkpoints(folder)), *best]:
        try:
            return read_checkpoint(path, only)
        except CheckpointError as error:
            on_bad(error.message)
    return None


def prune(folder: Path, keep_last: int, keep_every: int | None = None) -> None:
    """Delete checkpoints of single steps but the last `keep_last` and those at a multiple of `keep_every`."""
    for path in checkpoints(folder)[:-keep_last]:
        if keep_every is None or step_of(path.name) % keep_every:
            remove_folder(standing(path))


def cut_after(folder: Path, step: int) -> None:
    """Delete the checkpoints of later steps: when a run goes on from this one, they are bad or of another future."""
    for path in checkpoints(folder):
        if step_of(path.name) > step:
            remove_folder(standing(path))


def _write(path: Path, content: Content, hasher: ThreadPoolExecutor) -> dict[str, Any]:
    if isinstance(content, bytes):
        # Hashing and writing take about as long as each other and both leave the interpreter free.
        digest = hasher.submit(hashlib.sha256, content)
        write_synced(path, content)
        return {"size": len(content), "sha256": digest.result().hexdigest()}
    content(path)
    sync_file(path)
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _read(path: Path, place: Path, manifest: bytes | None, only: Collection[str] | None) -> Checkpoint:
    entries = _manifest(path, _bytes(place / MANIFEST) if manifest is None else manifest)
    wanted = [name for name in entries if only is None or name in only or name == STATE]
    contents = {name: _checked(place / name, entries[name]) for name in wanted}
    state = json.loads(contents.pop(STATE))
    return Checkpoint(path, state, tuple(name for name in entries if name != STATE), contents)


def _manifest(path: Path, raw: bytes) -> dict[str, dict[str, Any]]:
    """What a manifest says of the files. Its seal covers every byte: a flipped bit anywhere in it is noticed."""
    try:
        manifest = json.loads(raw)
        schema, entries = manifest["schema"], manifest["files"]
        intact = raw == _sealed({"schema": schema, "files": entries}) and STATE in entries
    except (ValueError, TypeError, KeyError, RecursionError):
        intact = False
    if not intact:
        raise CheckpointError(f"The checkpoint {path} is damaged: {MANIFEST} does not match its own seal.", _GO_BACK)
    if schema != SCHEMA:
        raise RunError(
            f"The checkpoint {path} has format {schema}; this limner reads {SCHEMA}.",
            "update limner: pip install --upgrade limner",
        )
    return dict(entries)


def _checked(path: Path, entry: Mapping[str, Any]) -> bytes:
    content = _bytes(path)
    if len(content) != entry["size"]:
        fault = f"{path.name} has {len(content)} bytes instead of {entry['size']}"
    elif hashlib.sha256(content).hexdigest() != entry["sha256"]:
        fault = f"{path.name} does not match its SHA-256"
    else:
        return content
    raise CheckpointError(f"The checkpoint {path.parent} is damaged: {fault}.", _GO_BACK)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        if not path.parent.is_dir():
            raise CheckpointError(f"There is no checkpoint {path.parent}.", "check the name") from error
        raise CheckpointError(f"The checkpoint {path.parent} is damaged: {path.name} is missing.", _GO_BACK) from error
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{path} cannot be read: {reason}.", "check its permissions and its disk") from error


def _glance(path: Path) -> tuple[Path, bytes | None]:
    """Where a checkpoint stands at this moment, and its manifest if it can be read."""
    place = standing(path)
    try:
        return place, (place / MANIFEST).read_bytes()
    except OSError:
        return place, None


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=True) + "\n").encode()


def _sealed(manifest: Mapping[str, Any]) -> bytes:
    return _json({**manifest, "seal": hashlib.sha256(_json(manifest)).hexdigest()})


_GO_BACK = "use an earlier checkpoint; resuming does so by itself"
