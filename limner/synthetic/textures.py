"""Surfaces: brick courses, stone blocks, boards, plaster, concrete, tiles, and the noise that makes them uneven."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from limner.synthetic.palette import Colour

Floats = npt.NDArray[np.float32]
Shape = tuple[int, int]


def smooth_noise(rng: np.random.Generator, shape: Shape, cells: Shape) -> Floats:
    """Soft blotches of (height, width), about -1..1: random values on a coarse grid of `cells`, interpolated."""
    coarse = rng.uniform(-1, 1, cells).astype(np.float32)
    image = Image.fromarray(coarse).resize((max(shape[1], 1), max(shape[0], 1)), Image.Resampling.BICUBIC)
    return np.asarray(image)[: shape[0], : shape[1]]


def fine_noise(rng: np.random.Generator, shape: Shape, amount: float) -> Floats:
    """Independent uniform noise of (height, width) with this standard deviation."""
    noise = rng.random(shape, np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(amount * 12**0.5)
    return noise


def plaster(rng: np.random.Generator, shape: Shape, colour: Colour) -> Floats:
    """Rendered wall, (height, width, 3): blotches and a fine grain."""
    tone = fine_noise(rng, shape, 0.045)
    tone += 1
    return coloured(tone, colour)


def concrete(rng: np.random.Generator, shape: Shape, colour: Colour, panel: Shape) -> Floats:
    """Concrete panels, (height, width, 3), with joints, stains that run down, and tie holes."""
    tone = 1 + np.float32(0.07) * smooth_noise(rng, shape, (4, 24)) + fine_noise(rng, shape, 0.03)
    rows, columns = np.arange(shape[0]) % panel[0], np.arange(shape[1]) % panel[1]
    joint = max(1, panel[0] // 40)
    tone[rows < joint] *= 0.72
    tone[:, columns < joint] *= 0.72
    hole_rows, hole_columns = np.abs(rows - panel[0] // 4) < joint, np.abs(columns - panel[1] // 4) < joint
    tone[np.ix_(hole_rows, hole_columns)] *= 0.6
    return coloured(tone, colour)


def masonry(
    rng: np.random.Generator, shape: Shape, colour: Colour, mortar: Colour, block: Shape, joint: int, spread: float
) -> Floats:
    """Courses of bricks or stones, (height, width, 3), each its own tone.

    Args:
        block: height and width of one brick with its joint, in pixels.
        joint: thickness of the mortar in pixels.
        spread: standard deviation of the tone from brick to brick.
    """
    high, wide = max(block[0], 2), max(block[1], 3)
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    course = rows // high
    across = columns[None, :] + ((course % 2) * (wide // 2))[:, None]
    tones = rng.standard_normal((int(course[-1]) + 1, shape[1] // wide + 2), np.float32) * np.float32(spread) + 1
    tone = tones[course[:, None], across // wide]
    tone += fine_noise(rng, shape, 0.03)
    edge = (rows % high)[:, None] >= high - joint
    light = (rows % high)[:, None] < 1
    tone *= np.where(light & (high > 5), np.float32(1.06), np.float32(1.0))
    image = coloured(tone, colour)
    gaps = edge | (across % wide >= wide - joint)
    image[gaps] = np.asarray(mortar, np.float32)
    return image


def boards(rng: np.random.Generator, shape: Shape, colour: Colour, board: int) -> Floats:
    """Horizontal lapped boards, (height, width, 3): each catches light below and shades the one underneath."""
    board = max(board, 3)
    rows = np.arange(shape[0])
    profile = 0.93 + 0.10 * (rows % board) / board
    profile[rows % board == 0] = 0.62
    tones = 1 + 0.03 * rng.standard_normal(shape[0] // board + 1)
    grain = 1 + 0.03 * smooth_noise(rng, shape, (max(shape[0] // 2, 2), 6))
    return coloured((profile * tones[rows // board]).astype(np.float32)[:, None] * grain, colour)


def roof_tiles(rng: np.random.Generator, shape: Shape, colour: Colour, tile: Shape, round_ends: bool) -> Floats:
    """Rows of tiles or slates, (height, width, 3), each its own tone, with a shadow under every row."""
    high, wide = max(tile[0], 3), max(tile[1], 3)
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    course = rows // high
    across = columns[None, :] + ((course % 2) * (wide // 2))[:, None]
    tones = 1 + 0.10 * rng.standard_normal((int(course[-1]) + 1, shape[1] // wide + 2), np.float32)
    tone = tones[course[:, None], across // wide]
    within = (rows % high)[:, None] / high
    tone *= (0.82 + 0.26 * within).astype(np.float32)
    if round_ends:
        bend = np.abs((across % wide) / wide - 0.5) * 2
        tone *= np.where(within > 1 - 0.45 * bend**2, np.float32(0.55), np.float32(1.0))
        tone *= (1.06 - 0.18 * bend).astype(np.float32)
    else:
        tone[across % wide == 0] *= 0.75
        tone[rows % high == high - 1] *= 0.6
    return coloured(tone, colour)


def seams(rng: np.random.Generator, shape: Shape, colour: Colour, width: int) -> Floats:
    """Sheets of zinc with standing seams, (height, width, 3)."""
    columns = np.arange(shape[1])
    tone = 1 + 0.10 * smooth_noise(rng, shape, (3, max(shape[1] // max(width, 1), 2))) + fine_noise(rng, shape, 0.015)
    tone[:, columns % max(width, 3) == 0] *= 1.22
    tone[:, columns % max(width, 3) == 1] *= 0.68
    return coloured(tone, colour)


def coloured(tone: Floats, colour: Colour) -> Floats:
    """A (height, width) map of tones in one colour, (height, width, 3)."""
    # One channel at a time: numpy broadcasts a last dimension of three at a tenth of the speed.
    image = np.empty((*tone.shape, 3), np.float32)
    for channel, value in enumerate(colour):
        np.multiply(tone, np.float32(value), out=image[..., channel])
    return image
