"""Sample images in rows, as the run declares them: those followed through training, and the ranked ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from limner.report import words
from limner.report.glossary import Glossary
from limner.report.images import Album, EmbeddedImage
from limner.report.time_lapse import Slot
from limner.runs.declaration import ARROWS
from limner.runs.reading import RunFiles
from limner.runs.samples import Column, SampleGroup, SampleRow, at_step, find_image, is_moving, sample_steps

MOST_ROWS = 8
MOST_MOVING = 40
"""Images that change, of all rows together: a page holds each of them at many steps."""


@dataclass(frozen=True)
class MovingRow:
    """A row of images of which some change through training.

    Attributes:
        still: files of those that stay the same, by the key of their column.
        moving: files of those that change, by the key of their column and by step.
    """

    group: SampleGroup
    row: SampleRow
    still: Mapping[str, Path]
    moving: Mapping[str, Slot]

    @property
    def way(self) -> str:
        """The direction in words, such as "A → B"; empty where the run has only one."""
        return ARROWS.get(self.group.direction, "")


@dataclass(frozen=True)
class Cell:
    """One place in a row.

    Attributes:
        image: what stands there, or one of the same size where it moves; None when it is missing.
        slot: number of the slot of a time-lapse that moves there.
    """

    caption: str
    alt: str
    image: EmbeddedImage | None
    slot: int | None = None


@dataclass(frozen=True)
class ShownRow:
    """Images beside one another; `way` is the direction in words, empty where there is only one."""

    label: str
    way: str
    cells: list[Cell]


@dataclass(frozen=True)
class Stage:
    """The followed rows of one group beneath its heading."""

    heading: str
    rows: list[ShownRow]


@dataclass(frozen=True)
class RankedGroup:
    """Rows of one rank: each with its scores by title."""

    title: str
    way: str
    rows: list[tuple[ShownRow, list[tuple[str, float]]]]


def moving_rows(run: RunFiles, most: int = MOST_ROWS) -> list[MovingRow]:
    """The rows followed through training, in their order: at most `most`, as many of each group."""
    if run.samples is None:
        return []
    steps = sample_steps(run.folder)
    groups = [
        [found for row in group.rows[:most] if (found := _followed(run, group, row, steps)).moving]
        for group in run.samples.groups
    ]
    chosen: list[MovingRow] = []
    # Taken in turns, so that what one group lacks the others may have.
    for row in (row for turn in zip_longest(*groups) for row in turn if row is not None):
        if len(chosen) < most and (not chosen or sum(len(one.moving) for one in [*chosen, row]) <= MOST_MOVING):
            chosen.append(row)
    return [row for group in groups for row in group if any(row is one for one in chosen)]


def newest_rows(rows: Sequence[MovingRow], album: Album) -> list[tuple[ShownRow, str]]:
    """Of each direction the first row that can be shown, as it was last, and a sentence on what it is.

    Of a group with one column, such as a generator's without classes, all rows stand side by side.
    """
    found: dict[str, tuple[ShownRow, str]] = {}
    for row in rows:
        for step in sorted({step for slot in row.moving.values() for step in slot}, reverse=True):
            shown = [slot.get(step) for slot in row.moving.values()]
            if row.group.direction in found or not any(album.embed(path) for path in shown):
                continue
            beside = [one for one in rows if one.group is row.group] if len(row.group.columns) == 1 else [row]
            cells = [
                _cell(one, column, album.embed(one.still.get(column.key) or one.moving.get(column.key, {}).get(step)))
                for one in beside
                for column in one.group.columns
            ]
            found[row.group.direction] = ShownRow(row.row.title, row.way, cells), _introduced(row, step, len(beside))
    return [found[direction] for direction in sorted(found)]


def _introduced(row: MovingRow, step: int, beside: int) -> str:
    if not row.group.split:
        return (
            f"Made at step {step:,}, from the same random numbers at every step. "
            f"{'They are the first ones' if beside > 1 or len(row.group.columns) > 1 else 'It is the first one'} "
            "followed, not the best found."
        )
    if beside > 1:
        return f"At step {step:,}. They are the first ones followed, not the best found."
    never = "; the network was never trained on it" if row.group.split == "val" else ""
    of_each = " of each domain" if row.way else ""
    return (
        f"Picture “{row.row.title}”{of_each} at step {step:,}{never}. It is the first one followed, not the best found."
    )


def still_row(run: RunFiles, album: Album) -> ShownRow | None:
    """The first group of which nothing changes, such as the real images beside a generator's, under its title."""
    for group in run.samples.groups if run.samples else []:
        rows = [_followed(run, group, row, ()) for row in group.rows[:MOST_ROWS]]
        cells = [_cell(row, column, album.embed(row.still.get(column.key))) for row in rows for column in group.columns]
        moves = any(is_moving(path) for row in group.rows for path in row.images.values())
        if not moves and any(cell.image for cell in cells):
            return ShownRow(group.title, ARROWS.get(group.direction, ""), cells)
    return None


def moving_slots(rows: Sequence[MovingRow]) -> list[Slot]:
    """What moves in a time-lapse of all rows, row by row and column by column."""
    return [slot for row in rows for slot in row.moving.values()]


def moving_stages(rows: Sequence[MovingRow], album: Album) -> list[Stage]:
    """The followed rows under their headings, with `moving_slots` in the places that move."""
    stages: dict[str, Stage] = {}
    places = iter(range(len(moving_slots(rows))))
    for row in rows:
        slots = {key: next(places) for key in row.moving}
        cells = [
            _cell(row, column, album.embed(row.still.get(column.key)) or _like(row, album), slots.get(column.key))
            if column.key in slots or column.key in row.still
            else _cell(row, column, None)
            for column in row.group.columns
        ]
        stage = stages.setdefault(row.group.key, Stage(row.group.title, []))
        if len(row.group.columns) == 1 and stage.rows:
            stage.rows[0].cells.extend(cells)
        else:
            stage.rows.append(ShownRow(row.row.title, row.way, cells))
    return list(stages.values())


def ranked_groups(run: RunFiles, glossary: Glossary, album: Album, notes: list[str]) -> list[RankedGroup]:
    """The ranked rows of the newest validation; a line in `notes` for what is named and not there."""
    found: list[RankedGroup] = []
    missing = 0
    for group in run.ranked.groups if run.ranked else []:
        ranked = RankedGroup(group.title, ARROWS.get(group.direction, ""), [])
        for row in group.rows:
            files = {key: file for key, path in row.images.items() if (file := find_image(run.folder, path))}
            missing += len(row.images) - len(files)
            shown = MovingRow(group, row, files, {})
            cells = [_cell(shown, column, album.embed(files.get(column.key))) for column in group.columns]
            if any(cell.image for cell in cells):
                scores = [(glossary.meaning(name).title, value) for name, value in row.scores.items()]
                ranked.rows.append((ShownRow(row.title, ranked.way, cells), scores))
        if ranked.rows:
            found.append(ranked)
    if missing:
        verb = "is" if missing == 1 else "are"
        notes.append(f"validation.json names {words.plural(missing, 'picture')} that {verb} not there; left out.")
    return found


def _followed(run: RunFiles, group: SampleGroup, row: SampleRow, steps: Sequence[int]) -> MovingRow:
    still: dict[str, Path] = {}
    moving: dict[str, Slot] = {}
    for column in group.columns:
        path = row.images.get(column.key)
        if path is None:
            continue
        if is_moving(path):
            files = {step: file for step in steps if (file := find_image(run.folder, at_step(path, step)))}
            if files:
                moving[column.key] = files
        elif file := find_image(run.folder, path):
            still[column.key] = file
    return MovingRow(group, row, still, moving)


def _cell(row: MovingRow, column: Column, image: EmbeddedImage | None, slot: int | None = None) -> Cell:
    # Where a row is one picture, its own title says which.
    caption = column.title if len(row.group.columns) > 1 else row.row.title
    subject = ", ".join(word for word in (row.row.title, row.way) if word)
    return Cell(caption, f"{column.title}: {subject}" if column.title else subject, image, slot)


def _like(row: MovingRow, album: Album) -> EmbeddedImage | None:
    """An image of the size that those have which move."""
    still = reversed(list(row.still.values()))
    newest = [slot[max(slot)] for slot in row.moving.values()]
    return next((image for path in [*still, *newest] if (image := album.embed(path))), None)
