"""Sample images of a run: fixed ones followed through training, and the best and worst of a validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from limner.data.batch import to_bytes, to_range
from limner.data.splits import Splits
from limner.evaluation import Evaluation, Validated, Validator
from limner.files import write_atomically
from limner.metrics.pairs import L1, SSIM
from limner.metrics.translation import CHANGE
from limner.models import ImageGenerator
from limner.random import Draw, seed_for
from limner.runs.declaration import ARROWS
from limner.runs.folder import RunFolder
from limner.runs.samples import (
    Column,
    SampleGroup,
    SampleIndex,
    SampleRow,
    at_step,
    grid_path,
    write_index,
    write_ranked,
)

RANKED_BY = (L1, SSIM, CHANGE)
"""The first one that can be measured ranks; all are told."""
RANKED = 4
"""Images shown of the best, of the median and of the worst."""
ACROSS = 8
"""Columns of samples where nothing else says how many."""
GAP = 2
"""White pixels between the images of a grid."""
SPLITS = {"val": "Validation images, never trained on", "train": "Training images"}
TITLES = {"input": "Input", "output": "Output", "round_trip": "There and back", "target": "Target"}


def _titles(direction: str) -> dict[str, str]:
    """Of the columns of a translator; where it has two directions, with the domain that each is of: A, B, A, B."""
    domains = (direction[0], direction[-1]) * 2 if direction else ("",) * 4
    return {
        key: f"{title} · {domain}" if domain else title
        for (key, title), domain in zip(TITLES.items(), domains, strict=True)
    }


@dataclass(frozen=True)
class ShownGroup:
    """A group of samples at one step.

    Attributes:
        group: how it is declared.
        columns: its images by column, uint8 (rows, C, H, W); a column may be shorter than the others.
    """

    group: SampleGroup
    columns: dict[str, Tensor]


class FixedSamples:
    """The fixed samples of a run, the same at every step: a few images of each split and direction for a translator, a
    few draws of noise, in each class, for a generator.

    Args:
        run: its `samples` are written.
        splits: the images.
        validator: runs the model; only its main process writes.
    """

    def __init__(self, run: RunFolder, splits: Splits, validator: Validator) -> None:
        self._run, self._validator = run, validator
        count = validator.recipe.training.samples
        named = {"val": splits.validation, "train": splits.train}
        self._references = {
            (split, label): images.references(count, back=number > 0)
            for number, label in enumerate(validator.directions)
            for split, images in named.items()
            if len(images)
        }
        self._count = count

    def write(self, step: int, first: bool = False) -> NDArray[np.uint8] | None:
        """Write the images of a step and a grid of all, (H, W, 3), which is returned by the main process.

        With `first` also what does not change, and `index.json`, which declares all of it.
        """
        if isinstance(self._validator.method.model, ImageGenerator) and not self._validator.processes.is_main:
            return None
        # Of a translator every process makes its share.
        shown = list(self._show())
        if not self._validator.processes.is_main:
            return None
        if first:
            write_index(self._run, SampleIndex(groups=[each.group for each in shown]))
        for each in shown:
            self._write(each, step, moving=True)
            if first:
                self._write(each, step, moving=False)
        grid = _stacked([make_grid(list(each.columns.values())) for each in shown])
        write_image(grid_path(self._run, step), Image.fromarray(grid))
        return grid

    def write_ranked(self, step: int, validated: Validated) -> None:
        """Write some validation images, chosen by rank, and `validation.json`, which declares them.

        L1 ranks them where targets are known, else how much was changed. This only ranks images of one run; it is no
        verdict on how good they look. Where neither can be said nothing is written.
        """
        groups: list[SampleGroup] = []
        by = ""
        for label, evaluation in validated.directions.items():
            there = self._validator.metrics(evaluation.references)
            chosen = [metric for metric in (RANKED_BY if L1 in there else RANKED_BY[-1:]) if metric in there]
            each = {metric.name: metric.each(evaluation.outputs, evaluation.references) or [] for metric in chosen}
            if each:
                by = next(iter(each))
                for shown in _ranked(label, evaluation, each):
                    self._write(shown, step, moving=False)
                    groups.append(shown.group)
        if groups:
            write_ranked(self._run, SampleIndex(step=step, ranked_by=by, sentence=_SENTENCES[by], groups=groups))

    def _show(self) -> Iterator[ShownGroup]:
        model = self._validator.method.model
        if isinstance(model, ImageGenerator):
            yield from self._generated()
            return
        for (split, label), references in self._references.items():
            evaluation = self._validator.show(references, label)
            name = f"{split}-{label}" if label else split
            title = f"{SPLITS[split]} · {ARROWS[label]}" if label else SPLITS[split]
            rows = [
                f"{'validation' if split == 'val' else 'training'} {row + 1}" for row in range(len(references.names))
            ]
            yield _shown(name, title, split, label, rows, _columns(evaluation), _titles(label))

    def _generated(self) -> Iterator[ShownGroup]:
        """A row for each draw of noise, a column for each class, or as many draws across; then reconstructions."""
        validator = self._validator
        with validator.as_used() as (model, device, seed):
            assert isinstance(model, ImageGenerator)
            across = len(model.classes) or ACROSS
            columns: dict[str, Tensor] = {}
            titles = dict(enumerate(model.classes))
            for column in range(across):
                labels = torch.full((self._count,), column, device=device) if model.classes else None
                # The noise of a row is the same in every class, so that classes can be compared.
                noise = seed_for(seed, "samples", 0 if model.classes else column)
                made = model.generate(self._count, labels, Draw(noise, device))
                columns[f"{column:02d}"] = to_bytes(made).cpu()
            names = {key: titles.get(number, "") for number, key in enumerate(columns)}
            yield _shown(
                "generated", "Generated images", "", "", [""] * self._count, columns, names, moving=tuple(columns)
            )
            for (split, label), references in self._references.items():
                real = {"real": references.images}
                yield _shown(f"real-{split}", SPLITS[split], split, "", references.names, real, {"real": ""}, moving=())
                images = to_range(references.images.to(device))
                some = None if references.labels is None else references.labels.to(device)
                if (again := model.reconstruct(images, some)) is not None:
                    pair = {"input": references.images, "reconstruction": to_bytes(again).cpu()}
                    words = {"input": "Input", "reconstruction": "Reconstruction"}
                    title = f"Reconstructions · {SPLITS[split].lower()}"
                    yield _shown(split, title, split, label, references.names, pair, words, ("reconstruction",))

    def _write(self, shown: ShownGroup, step: int, moving: bool) -> None:
        for number, row in enumerate(shown.group.rows):
            for key, path in row.images.items():
                if ("{step}" in path) == moving:
                    write_tensor(self._run.samples / at_step(path, step), shown.columns[key][number])


_SENTENCES = {
    "l1": "In the order of their L1. The worst show what a mean hides; the best are often the plainest.",
    "change": "In the order of how much they were changed. This is no order of quality: the least changed may be "
    "copies, the most changed may be spoilt.",
}


def _shown(
    key: str,
    title: str,
    split: str,
    direction: str,
    rows: Sequence[str],
    columns: dict[str, Tensor],
    titles: Mapping[str, str],
    moving: Sequence[str] = ("output", "round_trip"),
) -> ShownGroup:
    """Images of `moving` columns lie in `step-000100/`, the others in a folder for each column."""

    def path(column: str, number: int) -> str:
        folder = "step-{step}" if column in moving else column
        ending = "-back" if column == "round_trip" else "" if column in TITLES else f"-{column}"
        return f"{folder}/{key}-{number:02d}{ending}.png"

    declared = [
        SampleRow(
            name=f"{number:02d}",
            title=row,
            images={column: path(column, number) for column, images in columns.items() if number < len(images)},
        )
        for number, row in enumerate(rows)
    ]
    named = [Column(key=column, title=titles[column]) for column in columns]
    group = SampleGroup.model_validate(
        {"key": key, "title": title, "split": split, "direction": direction, "columns": named, "rows": declared}
    )
    return ShownGroup(group, columns)


def _columns(evaluation: Evaluation) -> dict[str, Tensor]:
    references, outputs = evaluation.references, evaluation.outputs
    found = {
        "input": references.inputs,
        "output": outputs.images,
        "round_trip": outputs.round_trips,
        "target": references.targets,
    }
    return {key: images for key, images in found.items() if images is not None}


def _ranked(label: str, evaluation: Evaluation, each: Mapping[str, list[float]]) -> Iterator[ShownGroup]:
    by, values = next(iter(each.items()))
    order = sorted(range(len(values)), key=lambda index: values[index])
    count = min(RANKED, len(order))
    middle = (len(order) - count) // 2
    low, high = ("Best", "Worst") if by == "l1" else ("Least changed", "Most changed")
    columns = _columns(evaluation)
    chosen = ((low, order[:count]), ("Median", order[middle:][:count]), (high, order[::-1][:count]))
    for rank, indices in chosen:
        name = rank.split()[0].lower()
        key = f"{label}-{name}" if label else name
        rows = [
            SampleRow(
                name=f"{number:02d}",
                title=evaluation.references.names[index],
                images={column: f"validation/{key}-{number:02d}-{column}.png" for column in columns},
                scores={metric: of_each[index] for metric, of_each in each.items()},
            )
            for number, index in enumerate(indices)
        ]
        group = SampleGroup.model_validate(
            {
                "key": key,
                "title": rank,
                "split": "val",
                "direction": label,
                "columns": [Column(key=column, title=_titles(label)[column]) for column in columns],
                "rows": rows,
            }
        )
        yield ShownGroup(group, {column: images[indices] for column, images in columns.items()})


def make_grid(columns: Sequence[Tensor]) -> NDArray[np.uint8]:
    """Columns of images, uint8 (N, C, H, W) each, side by side on white, (N * H, columns * W, 3) and the gaps.

    A column may be shorter than the longest; of more than three channels the first three are shown.
    """
    rows, (_, height, width) = max(map(len, columns)), columns[0].shape[1:]
    grid = np.full((rows * (height + GAP) - GAP, len(columns) * (width + GAP) - GAP, 3), 255, np.uint8)
    for column, images in enumerate(columns):
        for row, image in enumerate(images):
            top, left = row * (height + GAP), column * (width + GAP)
            grid[top : top + height, left : left + width] = _colours(image)
    return grid


def _stacked(grids: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Grids below one another, on white; they may differ in width."""
    width = max(grid.shape[1] for grid in grids)
    rows = [np.pad(grid, ((0, GAP), (0, width - grid.shape[1]), (0, 0)), constant_values=255) for grid in grids]
    return np.concatenate(rows)[:-GAP]


def write_tensor(path: Path, image: Tensor) -> None:
    """Write a uint8 (C, H, W) image as PNG: grey of one channel, else the first three."""
    pixels = image[0].numpy() if len(image) == 1 else _colours(image)
    write_image(path, Image.fromarray(np.ascontiguousarray(pixels)))


def write_image(path: Path, image: Image.Image) -> None:
    """Write a PNG whole or not at all; folders are made as needed."""
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def _colours(image: Tensor) -> NDArray[np.uint8]:
    """uint8 (C, H, W) -> (H, W, 3)."""
    pixels: NDArray[np.uint8] = image[:3].permute(1, 2, 0).numpy()
    return np.repeat(pixels[:, :, :1], 3, axis=2) if pixels.shape[2] < 3 else pixels
