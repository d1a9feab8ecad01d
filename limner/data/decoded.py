"""Items of a split, decoded once: in memory, or mapped from the cache on disk."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

import numpy as np
import torch
from torch import Tensor

from limner.data.cache import touch
from limner.data.decode import DecodedItem, Decoding, decode_item
from limner.data.images import ImageError, Pixels, Unreadable
from limner.data.pairing import Item
from limner.data.prefetch import Prefetcher
from limner.errors import DataError
from limner.files import printable

OnProgress = Callable[[int, int], None]

_MAGIC: Final = b"LIMNERP1"
_TAIL: Final = 8 + len(_MAGIC)


@dataclass
class Index:
    """What became of the items that were asked for.

    Attributes:
        rows: which items the rows are: positions in the list asked for.
        digests: the hashes of each row's files.
        unreadable: what was skipped.
        passing: positions of the skipped items whose files the system would not give, whatever they hold: the next
            start tries them again.
    """

    rows: list[int] = field(default_factory=list)
    digests: list[list[str]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    passing: list[int] = field(default_factory=list)

    def skip(self, number: int, error: ImageError) -> None:
        """Notes that an item cannot be used."""
        self.unreadable.append(Unreadable(printable(str(error.file)), error.reason))
        if error.passing:
            self.passing.append(number)


class ImageStore(ABC):
    """The usable ones of the items that were asked for, in order, and their pixels.

    Args:
        items: what was asked for.
        index: what became of it.

    Attributes:
        items: the usable ones, one a row.
        places: where each row stands among those asked for.
        digests: the hashes of each row's files.
        unreadable: what was skipped.
        asked: how many were asked for.
        bytes: what the decoded pixels take.
        channels: of each picture.
    """

    bytes: int
    channels: int

    def __init__(self, items: Sequence[Item], index: Index) -> None:
        self.items = [items[row] for row in index.rows]
        self.places, self.digests, self.unreadable, self.asked = index.rows, index.digests, index.unreadable, len(items)

    @property
    def names(self) -> list[str]:
        """One for each row, printable."""
        return [printable(item.name) for item in self.items]

    def __len__(self) -> int:
        return len(self.items)

    @abstractmethod
    def pixels(self, row: int) -> Tensor:
        """uint8 (1 or 2, C, S, S), of a pair the input first.

        Raises:
            ImageError: a file turns out to be damaged; only where pictures are decoded when they are needed.
        """


class DecodedImages(ImageStore):
    """Items that were decoded once.

    Args:
        array: uint8 (N, 1 or 2, C, S, S), in memory or mapped from the cache.
        unsaved: why they could not be saved in the cache, if so.
    """

    def __init__(self, items: Sequence[Item], index: Index, array: Pixels, unsaved: str | None = None) -> None:
        super().__init__(items, index)
        self.bytes, self.channels, self.array, self.unsaved = array.nbytes, array.shape[2], array, unsaved

    def pixels(self, row: int) -> Tensor:
        return torch.from_numpy(self.array[row])


def stored_bytes(items: int, decoding: Decoding) -> int:
    """Bytes that this many decoded items take."""
    return items * math.prod(decoding.shape)


def open_decoded(
    items: Sequence[Item],
    decoding: Decoding,
    entry: Path | None,
    unsaved: str | None = None,
    *,
    memory: bool,
    workers: int,
    progress: OnProgress | None = None,
) -> DecodedImages:
    """The decoded items, from the cache when they are there, else decoded now.

    Where the cache lacks items because the system would not give their files, and it gives them now, all are decoded
    again.

    Args:
        items: what to decode.
        decoding: how.
        entry: their file in the cache, where they are looked for and saved; None: nowhere.
        unsaved: why they cannot be saved, if so.
        memory: hold the pixels in memory; else they are mapped from the file.
        workers: threads that decode; 0 decodes in the caller.
        progress: told (done, all) after each item.

    Raises:
        DataError: they are neither to be held in memory nor can be saved.
    """
    if entry is not None and (found := read_entry(entry, items, decoding.shape, memory)) is not None:
        if progress is not None:
            progress(len(items), len(items))
        return DecodedImages(items, *found)
    if unsaved and not memory:
        raise DataError(
            unsaved,
            "LIMNER_CACHE=FOLDER is another place, LIMNER_CACHE_GB=40 another bound; data.cache=stream needs none",
        )
    return _build(items, decoding, None if unsaved else entry, memory, workers, progress, unsaved)


def _build(
    items: Sequence[Item],
    decoding: Decoding,
    entry: Path | None,
    memory: bool,
    workers: int,
    progress: OnProgress | None,
    unsaved: str | None,
) -> DecodedImages:
    pixels = np.empty((len(items) if memory else 0, *decoding.shape), np.uint8)
    index = Index()
    writer = EntryWriter(entry) if entry is not None else None

    def decode(number: int) -> DecodedItem | ImageError:
        try:
            return decode_item(items[number], decoding)
        except ImageError as error:
            return error

    try:
        with Prefetcher(decode, 0, workers, 4 * workers, stop=len(items)) as decoded:
            for number, item in enumerate(decoded):
                if isinstance(item, ImageError):
                    index.skip(number, item)
                else:
                    if memory:
                        pixels[len(index.rows)] = item.pixels
                    if writer is not None:
                        writer.write(item.pixels)
                    index.rows.append(number)
                    index.digests.append(list(item.digests))
                if progress is not None:
                    progress(number + 1, len(items))
        failure = writer.finish(index) if writer is not None else None
    except BaseException:
        if writer is not None:
            writer.drop()
        raise
    if memory:
        return DecodedImages(items, index, pixels[: len(index.rows)], unsaved or failure)
    if entry is None or failure or (found := _read(entry, decoding.shape, memory=False)) is None:
        raise DataError(failure or f"{entry} cannot be read back", "data.cache=stream needs no file")
    return DecodedImages(items, *found)


class EntryWriter:
    """Writes an entry under a temporary name, renames it when whole. A failure ends the writing, not the run."""

    def __init__(self, entry: Path) -> None:
        self._entry = entry
        self._failure: str | None = None
        self._file: IO[bytes] | None = None
        try:
            handle, name = tempfile.mkstemp(prefix=f"{entry.name}.", suffix=".tmp", dir=entry.parent)
            self._temporary = Path(name)
            self._file = os.fdopen(handle, "wb")
        except OSError as error:
            self._fail(error)

    def write(self, pixels: Pixels) -> None:
        if self._file is not None:
            try:
                self._file.write(pixels.data)
            except OSError as error:
                self._fail(error)

    def finish(self, index: Index) -> str | None:
        """Completes the entry; the reason when it could not be saved."""
        if self._file is not None:
            try:
                text = json.dumps(asdict(index)).encode()
                self._file.write(text + len(text).to_bytes(8) + _MAGIC)
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.replace(self._entry)
            except OSError as error:
                self._fail(error)
        return self._failure

    def drop(self) -> None:
        """Leaves nothing behind."""
        if self._file is not None:
            self._file.close()
            self._temporary.unlink(missing_ok=True)
            self._file = None

    def _fail(self, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        self._failure = f"decoded pictures cannot be saved in {self._entry.parent}: {reason}"
        if self._file is not None:
            file, self._file = self._file, None
            # Closing writes what is still buffered, which fails again on a full disk.
            with contextlib.suppress(OSError):
                file.close()
            self._temporary.unlink(missing_ok=True)


def read_entry(entry: Path, items: Sequence[Item], shape: tuple[int, ...], memory: bool) -> tuple[Index, Pixels] | None:
    """What was saved of these items; None where it is not there, not whole, or lacks what the system gives by now.

    Args:
        entry: the file in the cache.
        items: what was asked for.
        shape: of one item's pixels.
        memory: read the pixels; else they are mapped.
    """
    found = _read(entry, shape, memory)
    if found is None or _given_now(items, found[0]):
        return None
    touch(entry)
    return found


def _given_now(items: Sequence[Item], index: Index) -> bool:
    """Whether files of a skipped item that the system would not give can be read now."""
    return any(all(_can_be_read(source.path) for source in items[number].sources) for number in index.passing)


def _can_be_read(file: Path) -> bool:
    try:
        file.read_bytes()
    except (OSError, MemoryError):
        return False
    return True


def _read(entry: Path, each: tuple[int, ...], memory: bool) -> tuple[Index, Pixels] | None:
    """An entry that is there and whole, else None: it will be made again."""
    try:
        with entry.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - _TAIL))
            tail = file.read()
            text_length = int.from_bytes(tail[:8])
            if tail[8:] != _MAGIC or text_length > length - _TAIL:
                return None
            file.seek(length - _TAIL - text_length)
            index = _index(file.read(text_length))
            shape = (len(index.rows), *each)
            if math.prod(shape) + text_length + _TAIL != length:
                return None
            file.seek(0)
            if memory or not math.prod(shape):
                return index, np.fromfile(file, np.uint8, math.prod(shape)).reshape(shape)
            # Mapped copy-on-write, because torch complains of memory that cannot be written; nobody writes it.
            return index, np.memmap(entry, np.uint8, "c", shape=shape)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _index(text: bytes) -> Index:
    values = json.loads(text)
    unreadable = [Unreadable(**bad) for bad in values["unreadable"]]
    return Index(values["rows"], values["digests"], unreadable, values["passing"])
