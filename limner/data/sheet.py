"""A contact sheet: one picture that shows what kind of pictures a folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from PIL import Image, ImageDraw, ImageFont

from limner.config.data import DeriveSettings
from limner.data.decode import square
from limner.data.derive import derive
from limner.data.holding import Holding, hold
from limner.data.matching import Pair
from limner.data.pictures import PictureError, open_picture

T = TypeVar("T")

CELL: Final = 160
"""Largest side of a picture on the sheet, in pixels; a side-by-side pair may be twice as wide."""
_GAP: Final = 8
_TITLE: Final = 34
_COLUMNS: Final = 8
_ROWS: Final = 2
_WIDTH: Final = _COLUMNS * (CELL + _GAP) + _GAP
_PAPER, _INK, _MISSING = "#fafaf7", "#222222", "#c8c8c8"


def contact_sheet(
    path: Path, path_b: Path | None = None, derive_as: DeriveSettings | None = None, size: int = 256
) -> Image.Image:
    """Two rows of evenly chosen pictures of each split, A before B, under its name and count.

    A grey field stands for a picture that cannot be opened.

    Args:
        path: the folder.
        path_b: a second one, when the two halves of the pairs live apart.
        derive_as: shows single photographs after the input made from them.
        size: side of the square pictures that inputs are made from.

    Raises:
        DataError: as `limner.data.inspect.inspect_folder`.
    """
    holding = hold(path, path_b)
    sections = _pairs(holding) if _two_files(holding) else _singles(holding, derive_as, size)
    return _draw(sections)


def _two_files(holding: Holding) -> bool:
    return holding.kind == "pairs" and holding.layout != "side-by-side"


def _pairs(holding: Holding) -> list[tuple[str, list[Image.Image]]]:
    def halves(pair: Pair) -> list[Image.Image]:
        return [_thumbnail(source.path) for source in (pair.input, pair.target) if source]

    return [
        (f"{split}: {len(pairs)} pairs", [_beside(halves(pair)) for pair in _chosen(pairs, _COLUMNS // 2 * _ROWS)])
        for split, pairs in holding.pairs.items()
    ]


def _singles(holding: Holding, derive_as: DeriveSettings | None, size: int) -> list[tuple[str, list[Image.Image]]]:
    what, wide = ("pairs", 2) if holding.kind == "pairs" else ("pictures", 1)
    columns = _COLUMNS // (2 if derive_as else wide)

    def cell(file: Path) -> Image.Image:
        return _derived(file, derive_as, size) if derive_as else _thumbnail(file, wide)

    return [
        (f"{group.name}: {len(group.files)} {what}", [cell(file) for file in _chosen(group.files, columns * _ROWS)])
        for group in holding.groups
    ]


def _chosen(items: Sequence[T], most: int) -> list[T]:
    count = min(len(items), most)
    return [items[number * len(items) // count] for number in range(count)]


def _derived(file: Path, derive_as: DeriveSettings, size: int) -> Image.Image:
    try:
        target = square(open_picture(file), size, "stretch")
    except PictureError:
        return _nothing()
    return _beside([_fitted(Image.fromarray(pixels), 1) for pixels in (derive(target, derive_as, size), target)])


def _thumbnail(file: Path, wide: int = 1) -> Image.Image:
    try:
        return _fitted(Image.fromarray(open_picture(file)), wide)
    except PictureError:
        return _nothing()


def _fitted(picture: Image.Image, wide: int) -> Image.Image:
    scale = min(wide * CELL / picture.width, CELL / picture.height)
    sides = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(sides, Image.Resampling.LANCZOS)


def _nothing() -> Image.Image:
    return Image.new("RGB", (CELL, CELL), _MISSING)


def _beside(pictures: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (sum(p.width for p in pictures) + 2 * (len(pictures) - 1), CELL), _PAPER)
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, (CELL - picture.height) // 2))
        left += picture.width + 2
    return whole


def _draw(sections: Sequence[tuple[str, list[Image.Image]]]) -> Image.Image:
    lines = [(title, _lines(cells)) for title, cells in sections] or [("no pictures", [])]
    height = sum(_TITLE + len(rows) * (CELL + _GAP) for _, rows in lines) + _GAP
    sheet = Image.new("RGB", (_WIDTH, height), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    top = 0
    for title, rows in lines:
        pen.text((_GAP, top + _GAP), title, fill=_INK, font=font)
        top += _TITLE
        for row in rows:
            left = _GAP
            for cell in row:
                sheet.paste(cell, (left, top + (CELL - cell.height) // 2))
                left += cell.width + _GAP
            top += CELL + _GAP
    return sheet


def _lines(cells: Sequence[Image.Image]) -> list[list[Image.Image]]:
    """Fills lines from left to right, as many pictures on each as it is wide."""
    lines: list[list[Image.Image]] = []
    left = _WIDTH
    for cell in cells:
        if left + cell.width + _GAP > _WIDTH:
            lines.append([])
            left = _GAP
        lines[-1].append(cell)
        left += cell.width + _GAP
    return lines
