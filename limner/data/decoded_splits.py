"""The parts of a data set, each a split or a domain of a split: opened together, and checked for common faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.config.data import DataSettings
from limner.data.cache import entry_for, make_room
from limner.data.decode import Decoding
from limner.data.decoded import Decoded, Progress, Unreadable, open_decoded, stored_bytes
from limner.data.free_memory import free_memory
from limner.data.pairing import Item
from limner.errors import DataError
from limner.files import printable, shown


@dataclass(frozen=True)
class DecodedSplit:
    """Items that were asked for, and those that could be decoded."""

    items: Sequence[Item]
    decoded: Decoded

    @property
    def names(self) -> list[str]:
        """One for each decoded item, legible."""
        return [printable(self.items[row].name) for row in self.decoded.index.rows]


@dataclass(frozen=True)
class DecodedSplits:
    """Parts in the order asked for.

    Attributes:
        parts: what was decoded.
        in_memory: whether the pixels are held in memory; else they are mapped from the cache on disk.
    """

    parts: list[DecodedSplit]
    in_memory: bool

    @property
    def bytes(self) -> int:
        """What the decoded pictures take."""
        return sum(part.decoded.pixels.nbytes for part in self.parts)

    @property
    def unsaved(self) -> list[str]:
        """A warning when decoded pictures could not be saved."""
        reasons = [part.decoded.unsaved for part in self.parts if part.decoded.unsaved]
        return [f"{printable(reasons[0])}; the next start decodes again"] if reasons else []


def open_splits(
    wanted: Sequence[tuple[Sequence[Item], Decoding]], settings: DataSettings, progress: Progress | None
) -> DecodedSplits:
    """Decodes every part, or takes it from the cache; all are held in memory or none is.

    Where the parts together are more than the cache may hold, none is saved: each would push out another.

    Args:
        wanted: the items of each part, and how they are decoded.
        settings: say where decoded pictures live, and with how many threads they are made.
        progress: told (done, all) after each item, counted over all parts.

    Raises:
        DataError: they are neither to be held in memory nor can be saved.
    """
    total = sum(stored_bytes(len(items), decoding) for items, decoding in wanted)
    memory = settings.cache == "memory" or (settings.cache == "auto" and total <= free_memory() / 4)
    count = sum(len(items) for items, _ in wanted)
    entries = [entry_for(items, decoding) if settings.cache != "memory" else None for items, decoding in wanted]
    unsaved = _make_room(wanted, entries)
    parts: list[DecodedSplit] = []
    for (items, decoding), entry in zip(wanted, entries, strict=True):
        decoded = open_decoded(
            items,
            decoding,
            entry,
            unsaved,
            memory=memory,
            workers=settings.workers,
            progress=_counted(progress, sum(len(part.items) for part in parts), count),
        )
        parts.append(DecodedSplit(items, decoded))
    return DecodedSplits(parts, memory)


def _make_room(wanted: Sequence[tuple[Sequence[Item], Decoding]], entries: Sequence[Path | None]) -> str | None:
    sizes = {
        entry: stored_bytes(len(items), decoding)
        for (items, decoding), entry in zip(wanted, entries, strict=True)
        if entry is not None
    }
    folders = {source.path.parent for items, _ in wanted for item in items for source in item.sources}
    return make_room(sizes, folders) if sizes else None


def check_readable(where: str, train: DecodedSplit, validation: DecodedSplit, max_bad: float) -> list[Unreadable]:
    """The files that were skipped.

    Args:
        where: the folder, or the domain and its folder.
        train: items to learn from.
        validation: items kept back.
        max_bad: share of the items of both that may be bad.

    Raises:
        DataError: more are bad, or none is left to learn from.
    """
    bad = train.decoded.index.unreadable + validation.decoded.index.unreadable
    every = len(train.items) + len(validation.items)
    listed = "".join(f"\n  {each.file}: {each.reason}" for each in bad[:20])
    more = f"\n  and {len(bad) - 20} more" if len(bad) > 20 else ""
    if len(bad) > max_bad * every or not train.decoded.index.rows:
        raise DataError(
            f"{len(bad)} of {every} pictures in {where} cannot be used:{listed}{more}",
            f"mend or remove them, or allow more with data.max_bad (now {max_bad:g})"
            if train.decoded.index.rows
            else "mend or replace them: none is left to learn from",
        )
    return bad


def shared_images(root: Path, train: Sequence[DecodedSplit], validation: Sequence[DecodedSplit]) -> list[str]:
    """A warning when files of the validation pictures have the same content as files of the training pictures."""
    trained = {digest: item for part in train for item, held in _contents(part) for digest in held}
    leaks: dict[str, None] = {}
    for part in validation:
        for item, held in _contents(part):
            if twin := next((trained[digest] for digest in held if digest in trained), None):
                leaks[f"{_target(root, item)} = {_target(root, twin)}"] = None
    if not leaks:
        return []
    first = ", ".join(list(leaks)[:5]) + (" ..." if len(leaks) > 5 else "")
    return [f"{len(leaks)} validation pictures are also in training, so validation looks better than it is: {first}"]


def _target(root: Path, item: Item) -> str:
    """The file of an item; of a pair, of its target."""
    return shown(item.sources[-1].path, root)


def _contents(part: DecodedSplit) -> list[tuple[Item, list[str]]]:
    index = part.decoded.index
    return [(part.items[row], held) for row, held in zip(index.rows, index.digests, strict=True)]


def _counted(progress: Progress | None, before: int, count: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, count)
