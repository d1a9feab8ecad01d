"""Pre-trained networks of others: where their official weights are, and how they get here, checked."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import torch

from limner.errors import WeightsError
from limner.files import cannot_write, sync_folder

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pretrained:
    """One official file of weights.

    Attributes:
        file: its official name, which is also the name it is looked for.
        url: where it is downloaded from.
        sha256: the SHA-256 it has, or as many leading digits as its makers publish.
        megabytes: its size, for a person who waits.
        used_for: what needs it, in words.
    """

    file: str
    url: str
    sha256: str
    megabytes: int
    used_for: str


PRETRAINED = {
    "alexnet": Pretrained(
        file="alexnet-owt-7be5be79.pth",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        sha256="7be5be79",
        megabytes=233,
        used_for="LPIPS",
    ),
}
"""Every file of weights that limner may ask for, by name."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights as it was found. Every number made with it carries the hash and the mark.

    Attributes:
        sha256: of the whole file, 64 digits.
        official: whether the hash is the official one.
    """

    path: Path
    sha256: str
    official: bool

    @property
    def mark(self) -> str:
        """What must stand beside every number made with these weights; empty for the official file."""
        return "" if self.official else f"not the reference weights (SHA-256 {self.sha256})"


def available(name: str) -> bool:
    """Whether the weights lie on this machine: nothing is downloaded or read."""
    return locate(name) is not None


def locate(name: str) -> Path | None:
    """Where the weights lie on this machine: in the folder LIMNER_WEIGHTS, then in torch hub's cache; else None."""
    candidates = (folder / PRETRAINED[name].file for folder in _folders())
    return next((path for path in candidates if path.is_file()), None)


def find_weights(name: str, given: Path | None = None) -> WeightsFile:
    """The weights, from a given path, from this machine, or else downloaded: checked by hash, whole or not at all.

    A file on this machine whose hash is not the official one is used, with a warning in the log and `official` false.
    A download with another hash is thrown away.

    Args:
        name: a key of PRETRAINED.
        given: a file to take instead of looking for one.

    Raises:
        WeightsError: the file is nowhere and cannot be had (no network, HF_HUB_OFFLINE, damaged on the way); the
            message names the file, its URL and the folder to put it in.
    """
    entry = PRETRAINED[name]
    path = given or locate(name) or _download(entry)
    if not path.is_file():
        raise WeightsError(f"There is no file of weights {path}.", _by_hand(entry))
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.", _by_hand(entry)) from error
    found = WeightsFile(path, digest, digest.startswith(entry.sha256))
    if not found.official:
        _LOG.warning("%s: %s; the official file begins with %s", path, found.mark, entry.sha256)
    return found


def _folders() -> list[Path]:
    given = os.environ.get("LIMNER_WEIGHTS")
    hub = Path(torch.hub.get_dir()) / "checkpoints"
    return [Path(given).expanduser(), hub] if given else [hub]


def _download(entry: Pretrained) -> Path:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise _missing(entry, "HF_HUB_OFFLINE forbids downloads")
    path = _folders()[0] / entry.file
    _LOG.info("downloading %s (%d MB) for %s", entry.url, entry.megabytes, entry.used_for)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            digest = _fetch(entry, part)
            if not digest.startswith(entry.sha256):
                raise _missing(entry, f"the download has SHA-256 {digest[:8]}..., the official file {entry.sha256}...")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _fetch(entry: Pretrained, part: Path) -> str:
    """Download to `part`; its SHA-256. Errors of the network become words, errors of the disk pass as OSError."""
    digest, received = hashlib.sha256(), 0
    try:
        answer = urllib.request.urlopen(entry.url, timeout=30)
    except (OSError, HTTPException) as error:
        raise _missing(entry, f"the download failed ({getattr(error, 'reason', error)})") from error
    with answer, part.open("xb") as file:
        while True:
            try:
                block = answer.read(1 << 20)
            except (OSError, HTTPException) as error:
                raise _missing(entry, f"the download broke off ({error})") from error
            if not block:
                break
            file.write(block)
            digest.update(block)
            received += len(block)
        file.flush()
        os.fsync(file.fileno())
    expected = answer.headers.get("Content-Length")
    if expected is not None and received < int(expected):
        raise _missing(entry, f"the download broke off after {received} of {expected} bytes")
    return digest.hexdigest()


def _missing(entry: Pretrained, why: str) -> WeightsError:
    return WeightsError(f"{entry.used_for} needs the weights {entry.file}, which are not here: {why}.", _by_hand(entry))


def _by_hand(entry: Pretrained) -> str:
    return (
        f"On a machine with network get {entry.url} ({entry.megabytes} MB) and put it into {_folders()[0]}, or into a "
        "folder of your own named by LIMNER_WEIGHTS."
    )
