"""Pictures of a run: fixed ones followed through training, and the best and worst of a validation."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from limner.data.splits import ImageSplit, Splits
from limner.files import write_atomically
from limner.metrics.pairs import score_each
from limner.training.validation import Direction, Validated, Validator

RANKED = 4
"""Pictures shown of the best, of the median and of the worst."""
GAP = 2
"""White pixels between the pictures of a grid."""


@dataclass(frozen=True)
class SampleRow:
    """The followed pictures of one direction.

    Attributes:
        names: of the files, such as "val-00" or "val-AtoB-00".
        back: the direction is the way back.
        inputs: uint8 (N, 3, H, W).
        targets: of the first of them, as many as are known: a hidden truth is that of validation pictures alone.
    """

    names: list[str]
    back: bool
    inputs: Tensor
    targets: Tensor


@dataclass(frozen=True)
class FixedSamples:
    """The fixed pictures of a run: a few of each split and direction, the same at every step.

    Attributes:
        folder: the run's `samples`.
        strips: one for each direction.
    """

    folder: Path
    strips: list[SampleRow]

    def write_fixed(self) -> None:
        """Write what does not change: `input/NAME.png`, and `target/NAME.png` where the target is known."""
        for strip in self.strips:
            self._write("input", strip.names, strip.inputs)
            self._write("target", strip.names[: len(strip.targets)], strip.targets)

    def write(self, step: int, validate: Validator) -> NDArray[np.uint8]:
        """Write the outputs at a step, and a grid (H, W, 3), which is returned.

        Its columns are INPUT, OUTPUT, then the way there and back where there are two directions, then TARGET where it
        is known; its rows are the pictures, A -> B above B -> A.
        """
        grids = []
        for strip in self.strips:
            made = validate.translate(strip.inputs, strip.back)
            self._write(f"step-{step:06d}", strip.names, made.outputs)
            if made.returned is not None:
                self._write(f"step-{step:06d}", [f"{name}-back" for name in strip.names], made.returned)
            columns = [strip.inputs, made.outputs]
            columns += [made.returned] if made.returned is not None else []
            columns += [_filled_up(strip.targets, len(strip.names))] if len(strip.targets) else []
            grids.append(make_grid(columns))
        grid = _stacked(grids)
        write_image(self.folder / f"grid-{step:06d}.png", Image.fromarray(grid))
        return grid

    def _write(self, folder: str, names: list[str], images: Tensor) -> None:
        for name, pixels in zip(names, images, strict=True):
            write_tensor(self.folder / folder / f"{name}.png", pixels)


def choose_samples(folder: Path, splits: Splits, count: int, directions: Mapping[str, bool]) -> FixedSamples:
    """Choose `count` pictures of each split, evenly spread, in each of the judge's directions."""
    strips = []
    for label, back in directions.items():
        shown = [(split, images.references(count, back)) for split, images in _splits(splits)]
        targets = [one.inputs[:0] if one.targets is None else one.targets for _, one in shown]
        prefix = f"{label}-" if label else ""
        strips.append(
            SampleRow(
                [f"{split}-{prefix}{number:02d}" for split, one in shown for number in range(len(one.names))],
                back,
                torch.cat([one.inputs for _, one in shown]),
                torch.cat(targets),
            )
        )
    return FixedSamples(folder, strips)


def write_ranked(folder: Path, step: int, validated: Validated) -> None:
    """Write some validation pictures, chosen by rank, and `validation.json` that lists them.

    Where targets are known those with the lowest, middle and highest L1 (ranks best, median, worst); else those that
    changed least, middling and most (ranks least, median, most). This only ranks pictures of one run; it is no verdict
    on how good they look.
    """
    known = all(direction.shown.targets is not None for direction in validated.directions.values())
    rows = [
        row for label, direction in validated.directions.items() for row in _ranked(folder, label, direction, known)
    ]
    by = "l1" if known else "change"
    document = {"schema": 1, "step": step, "split": "val", "ranked_by": by, "pictures": rows}
    write_atomically(folder / "validation.json", json.dumps(document, indent=1))


def _ranked(folder: Path, label: str, direction: Direction, known: bool) -> Iterator[dict[str, object]]:
    shown, made = direction.shown, direction.made
    each = score_each(made.outputs, shown.inputs if shown.targets is None else shown.targets)
    order = sorted(range(len(each)), key=lambda index: each[index]["l1"])
    count = min(RANKED, len(order))
    middle = (len(order) - count) // 2
    low, high = ("best", "worst") if known else ("least", "most")
    kinds = {"input": shown.inputs, "output": made.outputs, "returned": made.returned, "target": shown.targets}
    for rank, indices in ((low, order[:count]), ("median", order[middle:][:count]), (high, order[::-1][:count])):
        for number, index in enumerate(indices):
            row: dict[str, object] = {"rank": rank, "name": shown.names[index]}
            row |= {"direction": label} if label else {}
            row |= each[index] if known else {"change": each[index]["l1"]}
            for kind, images in kinds.items():
                if images is not None:
                    row[kind] = f"validation/{label + '-' if label else ''}{rank}-{number}-{kind}.png"
                    write_tensor(folder / str(row[kind]), images[index])
            yield row


def cut_samples(folder: Path, step: int) -> None:
    """Remove the pictures of later steps, when a run goes on from an earlier checkpoint."""
    for path in [*folder.glob("step-*"), *folder.glob("grid-*.png")]:
        number = path.stem.split("-")[-1]
        if number.isdecimal() and int(number) > step:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    ranked = folder / "validation.json"
    if ranked.is_file() and _ranked_at(ranked) > step:
        ranked.unlink()


def _ranked_at(path: Path) -> float:
    try:
        return int(json.loads(path.read_text())["step"])
    except (ValueError, TypeError, KeyError):
        return math.inf  # damaged: the next validation writes it anew


def make_grid(columns: list[Tensor]) -> NDArray[np.uint8]:
    """Columns of pictures, uint8 (N, 3, H, W) each, side by side on white: (N * H, columns * W, 3) and the gaps."""
    rows, _, height, width = columns[0].shape
    grid = np.full((rows * (height + GAP) - GAP, len(columns) * (width + GAP) - GAP, 3), fill_value=255, dtype=np.uint8)
    for column, images in enumerate(columns):
        for row, pixels in enumerate(images):
            top, left = row * (height + GAP), column * (width + GAP)
            grid[top : top + height, left : left + width] = pixels.permute(1, 2, 0).numpy()
    return grid


def _stacked(grids: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Grids below one another on white; one may have fewer columns."""
    width = max(grid.shape[1] for grid in grids)
    padded = [
        np.pad(
            grid, ((0, 4 * GAP * (number + 1 < len(grids))), (0, width - grid.shape[1]), (0, 0)), constant_values=255
        )
        for number, grid in enumerate(grids)
    ]
    return np.concatenate(padded)


def _filled_up(images: Tensor, count: int) -> Tensor:
    """The pictures, and white ones until there are `count`."""
    white = torch.full((count - len(images), *images.shape[1:]), 255, dtype=torch.uint8)
    return torch.cat([images, white])


def _splits(splits: Splits) -> Iterator[tuple[str, ImageSplit]]:
    yield "val", splits.validation
    yield "train", splits.train


def write_tensor(path: Path, pixels: Tensor) -> None:
    """Write a uint8 (3, H, W) picture as PNG."""
    write_image(path, Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy()))


def write_image(path: Path, image: Image.Image) -> None:
    """Write a PNG whole or not at all; folders are made as needed."""
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())
