"""A contact sheet: one picture that shows what kind of pictures a folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from limner.config.data import DeriveSettings
from limner.data.contents import FolderContents, Group, scan_folder
from limner.data.decode import square
from limner.data.derive import derive
from limner.data.domain_traits import Floats, measure
from limner.data.images import ImageError, Pixels, open_image
from limner.data.pairing import Item
from limner.data.scan import sample_files, scan, small_images
from limner.data.splits import spread

CELL: Final = 160
"""Largest side of a picture on the sheet, in pixels; a side-by-side pair may be twice as wide."""
_GAP: Final = 8
_TITLE: Final = 34
_COLUMNS: Final = 8
_ROWS: Final = 2
_WIDTH: Final = _COLUMNS * (CELL + _GAP) + _GAP
_PAPER, _INK, _MISSING = "#fafaf7", "#222222", "#c8c8c8"

_Section = tuple[str, list[Image.Image]]
"""A title, and the pictures below it."""
_Band = list[_Section]
"""Sections beside one another."""


def contact_sheet(
    path: Path, path_b: Path | None = None, derive_as: DeriveSettings | None = None, size: int = 256
) -> Image.Image:
    """Two rows of evenly chosen pictures of each split under its name and count, two domains beside each other.

    Of two domains it also shows the mean picture, and where the detail sits. A grey field stands for a picture that
    cannot be opened.

    Args:
        path: the folder.
        path_b: a second one, when the two domains or the two halves of the pairs live apart.
        derive_as: shows single photographs after the input made from them.
        size: side of the square pictures that inputs are made from.

    Raises:
        DataError: as `limner.data.inspect.inspect_folder`.
    """
    contents = scan_folder(path, path_b)
    if _two_files(contents):
        bands = [[section] for section in _pairs(contents)]
    elif any(group.domain for group in contents.groups):
        bands = _domains(contents)
    else:
        bands = [[section] for section in _singles(contents, derive_as, size)]
    return _draw([*bands, *_looks(contents)])


def _two_files(contents: FolderContents) -> bool:
    return contents.kind == "pairs" and contents.layout != "side-by-side"


def _pairs(contents: FolderContents) -> list[_Section]:
    def beside(pair: Item) -> Image.Image:
        return _beside([_thumbnail(source.path) for source in pair.sources])

    return [
        (
            f"{split}: {len(pairs)} pairs",
            [beside(pairs[index]) for index in spread(len(pairs), _COLUMNS // 2 * _ROWS)],
        )
        for split, pairs in contents.pairs.items()
    ]


def _domains(contents: FolderContents) -> list[_Band]:
    """A on the left and B on the right of each split."""

    def section(group: Group) -> _Section:
        indices = spread(len(group.files), _COLUMNS // 2 * _ROWS)
        return f"{group.name}: {len(group.files)} pictures", [_thumbnail(group.files[index]) for index in indices]

    splits = dict.fromkeys(group.split for group in contents.groups)
    return [[section(group) for group in contents.groups if group.split == split] for split in splits]


def _looks(contents: FolderContents) -> list[_Band]:
    """The mean picture of each domain and the map of its detail, dark where much of it sits; nothing without two."""
    files = sample_files(contents)
    if files is None:
        return []
    every = {*files[0], *files[1]}
    seen, _ = scan(sorted(every), workers=2, small=every)
    small = [small_images(seen, domain) for domain in files]
    if not all(map(len, small)):
        return []
    details = [measure(images).detail.mean(0) for images in small]
    most = max(float(detail.max()) for detail in details)
    return [
        [
            (
                f"{name}: mean of {len(images)} pictures, and where the detail sits",
                [_mean(images), _map(detail / most)],
            )
            for name, images, detail in zip("AB", small, details, strict=True)
        ]
    ]


def _mean(images: Pixels) -> Image.Image:
    mean = np.rint(images.mean(0)).astype(np.uint8).transpose(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(mean)).resize((CELL, CELL), Image.Resampling.BICUBIC)


def _map(detail: Floats) -> Image.Image:
    grey = np.rint(255 * (1 - detail)).astype(np.uint8)
    return Image.fromarray(grey).resize((CELL, CELL), Image.Resampling.NEAREST).convert("RGB")


def _singles(contents: FolderContents, derive_as: DeriveSettings | None, size: int) -> list[_Section]:
    what, wide = ("pairs", 2) if contents.kind == "pairs" else ("pictures", 1)
    columns = _COLUMNS // (2 if derive_as else wide)

    def cell(file: Path) -> Image.Image:
        return _derived(file, derive_as, size) if derive_as else _thumbnail(file, wide)

    return [
        (
            f"{group.name}: {len(group.files)} {what}",
            [cell(group.files[index]) for index in spread(len(group.files), columns * _ROWS)],
        )
        for group in contents.groups
    ]


def _derived(file: Path, derive_as: DeriveSettings, size: int) -> Image.Image:
    try:
        target = square(open_image(file), size, "stretch")
    except ImageError:
        return _nothing()
    return _beside([_fitted(Image.fromarray(pixels), 1) for pixels in (derive(target, derive_as, size), target)])


def _thumbnail(file: Path, wide: int = 1) -> Image.Image:
    try:
        return _fitted(Image.fromarray(open_image(file)), wide)
    except ImageError:
        return _nothing()


def _fitted(image: Image.Image, wide: int) -> Image.Image:
    scale = min(wide * CELL / image.width, CELL / image.height)
    sides = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(sides, Image.Resampling.LANCZOS)


def _nothing() -> Image.Image:
    return Image.new("RGB", (CELL, CELL), _MISSING)


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (sum(p.width for p in images) + 2 * (len(images) - 1), CELL), _PAPER)
    left = 0
    for image in images:
        whole.paste(image, (left, (CELL - image.height) // 2))
        left += image.width + 2
    return whole


def _draw(bands: Sequence[_Band]) -> Image.Image:
    bands = bands or [[("no pictures", [])]]
    columns = [[(title, _lines(cells, _WIDTH // len(band))) for title, cells in band] for band in bands]
    heights = [_TITLE + max(len(lines) for _, lines in band) * (CELL + _GAP) for band in columns]
    sheet = Image.new("RGB", (_WIDTH, sum(heights) + _GAP), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    top = 0
    for band, height in zip(columns, heights, strict=True):
        for column, (title, lines) in enumerate(band):
            left = column * (_WIDTH // len(band)) + _GAP
            pen.text((left, top + _GAP), title, fill=_INK, font=font)
            for number, line in enumerate(lines):
                _paste(sheet, line, left, top + _TITLE + number * (CELL + _GAP))
        top += height
    return sheet


def _paste(sheet: Image.Image, line: Sequence[Image.Image], left: int, top: int) -> None:
    for cell in line:
        sheet.paste(cell, (left, top + (CELL - cell.height) // 2))
        left += cell.width + _GAP


def _lines(cells: Sequence[Image.Image], width: int) -> list[list[Image.Image]]:
    """Fills lines from left to right, as many pictures on each as it is wide."""
    lines: list[list[Image.Image]] = []
    left = width
    for cell in cells:
        if left + cell.width > width:
            lines.append([])
            left = _GAP
        lines[-1].append(cell)
        left += cell.width + _GAP
    return lines
