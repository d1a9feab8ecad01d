"""Where the pixels of a data set are: in memory, on disk, or nowhere until a batch needs them; chosen by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from limner.config.data import DataSettings
from limner.data.cache import entry_for, make_room
from limner.data.decode import Decoding
from limner.data.decoded import DecodedImages, ImageStore, OnProgress, open_decoded, stored_bytes
from limner.data.free_memory import free_memory
from limner.data.pairing import Item
from limner.data.stream import open_streamed
from limner.files import printable

Wanted = Sequence[tuple[Sequence[Item], Decoding]]
"""Items, each list of them with how it is decoded."""


@dataclass(frozen=True)
class Stores:
    """Opened lists of items in the order asked for, and where their pixels are."""

    stores: list[ImageStore]
    backend: Literal["memory", "disk", "stream"]

    @property
    def bytes(self) -> int:
        """What the decoded pictures take."""
        return sum(store.bytes for store in self.stores)

    @property
    def unsaved(self) -> list[str]:
        """A warning when decoded pictures could not be saved."""
        reasons = [store.unsaved for store in self.stores if isinstance(store, DecodedImages) and store.unsaved]
        return [f"{printable(reasons[0])}; the next start decodes again"] if reasons else []


def open_stores(wanted: Wanted, settings: DataSettings, progress: OnProgress | None) -> Stores:
    """Opens every list in the same way, so that one start needs one kind of room.

    By `data.cache=auto` pictures are held in memory where they take no more than a quarter of what is free, mapped from
    the cache where that and the disk have room for all of them, and else decoded when they are needed. Where the lists
    together are more than the cache may hold, none is saved: each would push out another.

    Args:
        wanted: the items of each list, and how they are decoded.
        settings: say where decoded pictures live, with how many threads they are made, and how many may be bad.
        progress: told (done, all) after each item, counted over all lists.

    Raises:
        DataError: `data.cache=disk`, and they cannot be saved.
    """
    total = sum(stored_bytes(len(items), decoding) for items, decoding in wanted)
    memory = settings.cache == "memory" or (settings.cache == "auto" and total <= free_memory() / 4)
    if settings.cache == "stream":
        return _streamed(wanted, settings, progress)
    entries = [entry_for(items, decoding) if settings.cache != "memory" else None for items, decoding in wanted]
    unsaved = _make_room(wanted, entries, [stored_bytes(len(items), decoding) for items, decoding in wanted])
    if settings.cache == "auto" and not memory and unsaved:
        return _streamed(wanted, settings, progress)
    stores: list[ImageStore] = []
    for (items, decoding), entry in zip(wanted, entries, strict=True):
        counted = _counted(progress, wanted, len(stores))
        workers = settings.workers
        stores.append(open_decoded(items, decoding, entry, unsaved, memory=memory, workers=workers, progress=counted))
    return Stores(stores, "memory" if memory else "disk")


def _streamed(wanted: Wanted, settings: DataSettings, progress: OnProgress | None) -> Stores:
    entries = [entry_for(items, None) for items, _ in wanted]
    nowhere = _make_room(wanted, entries, [0] * len(entries))
    stores: list[ImageStore] = []
    for (items, decoding), entry in zip(wanted, entries, strict=True):
        counted = _counted(progress, wanted, len(stores))
        where, bad, workers = None if nowhere else entry, settings.max_bad, settings.workers
        stores.append(open_streamed(items, decoding, where, max_bad=bad, workers=workers, progress=counted))
    return Stores(stores, "stream")


def _make_room(wanted: Wanted, entries: Sequence[Path | None], sizes: Sequence[int]) -> str | None:
    """Why the entries, of these sizes, cannot be saved together; None when they can."""
    kept = {entry: size for entry, size in zip(entries, sizes, strict=True) if entry is not None}
    folders = {source.path.parent for items, _ in wanted for item in items for source in item.sources}
    return make_room(kept, folders) if kept else None


def _counted(progress: OnProgress | None, wanted: Wanted, done: int) -> OnProgress | None:
    """Counts the items of all lists, of which so many are done."""
    before, count = sum(len(items) for items, _ in wanted[:done]), sum(len(items) for items, _ in wanted)
    return None if progress is None else lambda now, _: progress(before + now, count)
