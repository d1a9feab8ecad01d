"""Pictures of a run: fixed ones followed through training, and the best and worst of a validation."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from limner.data.paired import PairedSplits
from limner.files import write_atomically
from limner.training.checkpoint import step_of
from limner.training.evaluation import Judge, Judged, spread

RANKED = 4
"""Pictures shown of the best, of the median and of the worst."""
GAP = 2
"""White pixels between the pictures of a grid."""


@dataclass
class Followed:
    """The fixed pictures of a run: a few of each split, the same at every step.

    Attributes:
        folder: the run's `samples`.
        names: such as "val-00".
        inputs, targets: uint8 (N, 3, H, W).
    """

    folder: Path
    names: list[str]
    inputs: Tensor
    targets: Tensor

    def write_fixed(self) -> None:
        """Write what does not change: `input/NAME.png` and `target/NAME.png`."""
        for kind, pictures in (("input", self.inputs), ("target", self.targets)):
            for name, picture in zip(self.names, pictures, strict=True):
                write_picture(self.folder / kind / f"{name}.png", picture)

    def write(self, step: int, judge: Judge) -> NDArray[np.uint8]:
        """Write the outputs at a step and a grid with the columns INPUT, OUTPUT, TARGET; return the grid (H, W, 3)."""
        outputs = judge.translate(self.inputs)
        for name, picture in zip(self.names, outputs, strict=True):
            write_picture(self.folder / f"step-{step:06d}" / f"{name}.png", picture)
        grid = make_grid([self.inputs, outputs, self.targets])
        write_image(self.folder / f"grid-{step:06d}.png", Image.fromarray(grid))
        return grid


def follow(folder: Path, splits: PairedSplits, count: int) -> Followed:
    """Choose `count` pictures of each split, evenly spread."""
    names, batches = [], []
    for split, pictures in (("val", splits.validation), ("train", splits.train)):
        indices = spread(len(pictures), count)
        names += [f"{split}-{number:02d}" for number in range(len(indices))]
        batches.append(pictures.batch([(0, index) for index in indices]))
    inputs = torch.cat([batch.input for batch in batches])
    return Followed(folder, names, inputs, torch.cat([batch.target for batch in batches]))


def write_ranked(folder: Path, step: int, judged: Judged) -> None:
    """Write the validation pictures with the lowest, middle and highest L1, and `validation.json` that lists them.

    L1 only ranks pictures of one run here; it is no verdict on how good they look.
    """
    order = sorted(range(len(judged.each)), key=lambda index: judged.each[index]["l1"])
    count = min(RANKED, len(order))
    middle = (len(order) - count) // 2
    ranks = {"best": order[:count], "median": order[middle : middle + count], "worst": order[::-1][:count]}
    rows = []
    for rank, indices in ranks.items():
        for number, index in enumerate(indices):
            row: dict[str, object] = {"rank": rank, "name": judged.names[index], **judged.each[index]}
            for kind, pictures in (("input", judged.inputs), ("output", judged.outputs), ("target", judged.targets)):
                row[kind] = f"validation/{rank}-{number}-{kind}.png"
                write_picture(folder / str(row[kind]), pictures[index])
            rows.append(row)
    document = {"schema": 1, "step": step, "split": "val", "pictures": rows}
    write_atomically(folder / "validation.json", json.dumps(document, indent=1))


def cut_samples(folder: Path, step: int) -> None:
    """Remove the pictures of later steps, when a run goes on from an earlier checkpoint."""
    for path in [*folder.glob("step-*"), *folder.glob("grid-*.png")]:
        if step_of(f"step-{path.stem.split('-')[-1]}") <= step:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    ranked = folder / "validation.json"
    if ranked.is_file() and json.loads(ranked.read_text())["step"] > step:
        ranked.unlink()


def make_grid(columns: list[Tensor]) -> NDArray[np.uint8]:
    """Columns of pictures, uint8 (N, 3, H, W) each, side by side on white: (N * H, columns * W, 3) and the gaps."""
    rows, _, height, width = columns[0].shape
    grid = np.full((rows * (height + GAP) - GAP, len(columns) * (width + GAP) - GAP, 3), fill_value=255, dtype=np.uint8)
    for column, pictures in enumerate(columns):
        for row, picture in enumerate(pictures):
            top, left = row * (height + GAP), column * (width + GAP)
            grid[top : top + height, left : left + width] = picture.permute(1, 2, 0).numpy()
    return grid


def write_picture(path: Path, picture: Tensor) -> None:
    """Write a uint8 (3, H, W) picture as PNG."""
    write_image(path, Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()))


def write_image(path: Path, image: Image.Image) -> None:
    """Write a PNG whole or not at all; folders are made as needed."""
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())
