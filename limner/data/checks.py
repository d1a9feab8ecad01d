"""What is wrong with opened pictures, or should be known of them before training."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from limner.config.data import DomainDataSettings
from limner.data.compare_domains import SAMPLE, Size, compare_domains
from limner.data.decoded import ImageStore
from limner.data.images import ImageError, Pixels, Unreadable, image_size
from limner.data.pairing import Item
from limner.data.splits import spread
from limner.errors import DataError
from limner.files import shown


def check_readable(where: str, train: ImageStore, validation: ImageStore, max_bad: float) -> list[Unreadable]:
    """The files that were skipped.

    Args:
        where: the folder, or the domain and its folder.
        train: items to learn from.
        validation: items kept back.
        max_bad: share of the items of both that may be bad.

    Raises:
        DataError: more are bad, or none is left to learn from.
    """
    bad = train.unreadable + validation.unreadable
    every = train.asked + validation.asked
    listed = "".join(f"\n  {each.file}: {each.reason}" for each in bad[:20])
    more = f"\n  and {len(bad) - 20} more" if len(bad) > 20 else ""
    if len(bad) > max_bad * every or not len(train):
        raise DataError(
            f"{len(bad)} of {every} pictures in {where} cannot be used:{listed}{more}",
            f"mend or remove them, or allow more with data.max_bad (now {max_bad:g})"
            if len(train)
            else "mend or replace them: none is left to learn from",
        )
    return bad


def shared_images(root: Path, train: Sequence[ImageStore], validation: Sequence[ImageStore]) -> list[str]:
    """A warning when files of the validation pictures have the same content as files of the training pictures."""
    trained = {digest: item for store in train for item, digests in _contents(store) for digest in digests}
    leaks: dict[str, None] = {}
    for store in validation:
        for item, digests in _contents(store):
            if twin := next((trained[digest] for digest in digests if digest in trained), None):
                leaks[f"{_target(root, item)} = {_target(root, twin)}"] = None
    if not leaks:
        return []
    first = ", ".join(list(leaks)[:5]) + (" ..." if len(leaks) > 5 else "")
    return [f"{len(leaks)} validation pictures are also in training, so validation looks better than it is: {first}"]


def check_domains(root: Path, places: Sequence[str], a: ImageStore, b: ImageStore, used: Sequence[int]) -> list[str]:
    """A warning when files of A have the same content as files of B.

    Args:
        root: the folder.
        places: what a person would call each domain.
        a: the training pictures of domain A.
        b: those of domain B.
        used: how many of each are learnt from.

    Raises:
        DataError: a domain has a single training picture, or both domains hold the same ones.
    """
    for place, count in zip(places, used, strict=True):
        if count < 2:
            raise DataError(
                f"{place} has only {count} usable training picture",
                "CycleGAN and CUT need at least 2 in each domain, and some hundred in earnest",
            )
    # The content of a picture: its file's, and which half of it.
    held = [
        {(digest, item.sources[0].half) for item, digests in _contents(store) for digest in digests} for store in (a, b)
    ]
    if held[0] == held[1]:
        raise DataError(
            f"both domains of {root} hold the same pictures, so CycleGAN would learn to copy",
            "give the folder of the other kind of pictures as domain B",
        )
    shared = len(held[0] & held[1])
    return [f"{shared} training pictures are in both domains: remove them from one"] if shared else []


def differences(settings: DomainDataSettings, a: ImageStore, b: ImageStore, used: tuple[int, int]) -> list[str]:
    """What a person should know of how the training pictures of A and B differ, one sentence each."""
    sample = _sample(a), _sample(b)
    if not all(map(len, sample)):
        return []
    sizes = _sizes(a), _sizes(b)
    return compare_domains(*sample, counts=used, sizes=sizes, size=settings.size, fit=settings.fit).warnings


def _target(root: Path, item: Item) -> str:
    """The file of an item; of a pair, of its target."""
    return shown(item.sources[-1].path, root)


def _contents(store: ImageStore) -> Sequence[tuple[Item, list[str]]]:
    return list(zip(store.items, store.digests, strict=True))


def _sample(store: ImageStore) -> Pixels:
    """uint8 (N, 3, S, S)."""
    images = []
    for row in spread(len(store), SAMPLE):
        with suppress(ImageError):
            images.append(store.pixels(row)[0].numpy())
    sample = np.stack(images) if images else np.empty((0, 3, 1, 1), np.uint8)
    return np.repeat(sample, 3, axis=1) if sample.shape[1] == 1 else sample[:, :3]


def _sizes(store: ImageStore) -> list[Size]:
    """Width and height of some pictures before they were made square, from their headers."""
    sizes = []
    for row in spread(len(store), SAMPLE):
        source = store.items[row].sources[0]
        with suppress(ImageError):
            width, height = image_size(source.path)
            sizes.append((width // 2 if source.half else width, height))
    return sizes
