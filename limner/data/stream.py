"""Items of a split that are decoded when a batch needs them: no disk and no memory, however many there are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from limner.data.decode import Decoding, check_header, decode_item
from limner.data.decoded import EntryWriter, ImageStore, Index, OnProgress, read_entry
from limner.data.images import ImageError
from limner.data.pairing import Item
from limner.data.prefetch import Prefetcher
from limner.errors import DataError
from limner.files import printable

_NO_PIXELS = (0,)
_log = logging.getLogger(__name__)


class StreamedImages(ImageStore):
    """Gives the pixels that `DecodedImages` gives, bit for bit, and decodes them anew each time.

    At the start every file is read and its header checked, but only a picture that is decoded shows whether it is
    damaged. One that turns out to be is logged once, and the next row that is not damaged takes its place in every
    batch: always the same one, whatever was asked for before. A file that was changed meanwhile, or that the system
    does not give, ends the run, for what then follows would not be the same another time.

    Args:
        items: what was asked for.
        index: what became of it, by the headers.
        decoding: how.
        max_bad: share of the items that may be bad.
    """

    def __init__(self, items: Sequence[Item], index: Index, decoding: Decoding, max_bad: float) -> None:
        super().__init__(items, index)
        self.bytes, self.channels = 0, decoding.channels
        self._decoding, self._most_bad = decoding, max_bad * len(items)
        self._damaged: dict[int, tuple[Path, str]] = {}
        self._lock = Lock()

    def pixels(self, row: int) -> Tensor:
        """As there.

        Raises:
            ImageError: a file is damaged.
            DataError: a file has changed or cannot be read, or more files are bad than may be.
        """
        if damaged := self._damaged.get(row):
            raise ImageError(*damaged)
        try:
            decoded = decode_item(self.items[row], self._decoding)
        except ImageError as error:
            if error.passing:
                raise DataError(error.message, "give the file back, then go on from the newest checkpoint") from error
            self._report(row, error)
            raise
        if list(decoded.digests) != self.digests[row]:
            raise DataError(
                f"{printable(self.items[row].name)} has changed since the run began",
                "put the pictures back as they were, or begin again",
            )
        return torch.from_numpy(decoded.pixels)

    def _report(self, row: int, error: ImageError) -> None:
        with self._lock:
            if row in self._damaged:
                return
            self._damaged[row] = error.file, error.reason
        _log.warning("%s; another picture takes its place", error.message)
        bad = len(self.unreadable) + len(self._damaged)
        if bad > self._most_bad:
            raise DataError(
                f"{bad} of {self.asked} pictures cannot be used, the last of them {error.message}",
                "mend or remove them, or allow more with data.max_bad; 'limner data inspect' lists every bad file",
            )


def open_streamed(
    items: Sequence[Item],
    decoding: Decoding,
    entry: Path | None,
    *,
    max_bad: float,
    workers: int,
    progress: OnProgress | None = None,
) -> StreamedImages:
    """Checks the headers of all files and hashes their content, which takes one reading of each.

    What was found is kept in the cache, a hundred bytes a file: as long as all files keep their size and time of
    change, the next start reads none.

    Args:
        items: what to open.
        decoding: how they will be decoded.
        entry: the file in the cache for their headers; None: nowhere.
        max_bad: share of the items that may be bad.
        workers: threads that read; 0 reads in the caller.
        progress: told (done, all) after each item.
    """
    found = read_entry(entry, items, _NO_PIXELS, memory=True) if entry is not None else None
    if found is None:
        index = _check(items, workers, progress)
        if entry is not None:
            EntryWriter(entry).finish(index)
    else:
        index = found[0]
        if progress is not None:
            progress(len(items), len(items))
    return StreamedImages(items, index, decoding, max_bad)


def _check(items: Sequence[Item], workers: int, progress: OnProgress | None) -> Index:
    index = Index()

    def check(number: int) -> tuple[str, ...] | ImageError:
        try:
            return check_header(items[number])
        except ImageError as error:
            return error

    with Prefetcher(check, 0, workers, 4 * workers, stop=len(items)) as checked:
        for number, found in enumerate(checked):
            if isinstance(found, ImageError):
                index.skip(number, found)
            else:
                index.rows.append(number)
                index.digests.append(list(found))
            if progress is not None:
                progress(number + 1, len(items))
    return index
