"""The forms in which a picture may be handed in; what goes in as one form comes out as the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from limner.data.batch import to_bytes, to_range
from limner.data.images import Pixels, as_rgb
from limner.errors import DataError

Pack = Callable[[list[Tensor]], Any]

_TIP = (
    "give a PIL image, a uint8 array (H, W, 3), a float tensor (C, H, W) or (N, C, H, W) in [-1, 1] with the model's "
    "channels, or a list of these"
)


def unpack(images: Any, channels: int = 3) -> tuple[list[Tensor], Pack]:
    """Take an image, or several, out of their form.

    Args:
        images: a PIL image of any mode; a uint8 array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); a float tensor
            (channels, H, W) or (N, channels, H, W) in [-1, 1]; or a list of these.
        channels: that the model takes: 3 for colour, 1 for grey; others only as tensors.

    Returns:
        The images as float32 (channels, H, W) in [-1, 1], and the function that puts as many of them back into the
        form.

    Raises:
        DataError: another form, or values outside the range.
    """
    match images:
        case Image.Image():
            return [with_channels(as_rgb(images), channels)], lambda made: to_image(made[0])
        case np.ndarray():
            return [with_channels(as_rgb(_as_image(images)), channels)], lambda made: to_pixels(made[0])
        case Tensor():
            return _unpack_tensor(images, channels)
        case list() | tuple():
            return _unpack_list(list(images), channels)
    raise DataError(f"A {type(images).__name__} cannot be translated.", _TIP)


def with_channels(pixels: Pixels, channels: int) -> Tensor:
    """Colours, uint8 (H, W, 3), -> float32 (channels, H, W) in [-1, 1]: as they are, or grey for one channel.

    Raises:
        DataError: another number of channels.
    """
    if channels not in (1, 3):
        raise DataError(f"This model takes images of {channels} channels.", f"give a float tensor ({channels}, H, W)")
    if channels == 1:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]
    return to_range(torch.from_numpy(pixels.copy()).permute(2, 0, 1))


def to_pixels(image: Tensor) -> Pixels:
    """Float (C, H, W) in [-1, 1] -> uint8 (H, W, C)."""
    pixels: Pixels = to_bytes(image).permute(1, 2, 0).contiguous().cpu().numpy()
    return pixels


def to_image(image: Tensor) -> Image.Image:
    """Float (C, H, W) in [-1, 1] -> a PIL image: grey of one channel, RGB of three.

    Raises:
        DataError: another number of channels.
    """
    pixels = to_pixels(image)
    if pixels.shape[2] not in (1, 3):
        raise DataError(f"An image of {pixels.shape[2]} channels is no picture.", "give tensors, and take tensors")
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _unpack_list(images: list[Any], channels: int) -> tuple[list[Tensor], Pack]:
    parts = [unpack(image, channels) for image in images]
    lengths = [len(tensors) for tensors, _ in parts]

    def pack(made: list[Tensor]) -> list[Any]:
        remaining = iter(made)
        taken = [[next(remaining) for _ in range(length)] for length in lengths]
        return [part(tensors) for (_, part), tensors in zip(parts, taken, strict=True)]

    return [tensor for tensors, _ in parts for tensor in tensors], pack


def _unpack_tensor(images: Tensor, channels: int) -> tuple[list[Tensor], Pack]:
    if images.dim() not in (3, 4) or images.shape[-3] != channels or not images.is_floating_point():
        raise DataError(
            f"A tensor of shape {tuple(images.shape)} and {images.dtype} is no picture of {channels} channels.", _TIP
        )
    low, high = (float(images.min()), float(images.max())) if images.numel() else (0.0, 0.0)
    if not (low >= -1.001 and high <= 1.001):
        raise DataError(
            f"The tensor's values reach from {low:g} to {high:g}; they must lie in [-1, 1].",
            "for values in 0..255 use x / 127.5 - 1, for values in 0..1 use x * 2 - 1",
        )
    if images.dim() == 3:
        return [images.float()], lambda made: made[0].to(images)
    return list(images.float()), lambda made: torch.stack(made).to(images) if made else images


def _as_image(array: np.ndarray[Any, Any]) -> Image.Image:
    shape = array.shape[:-1] if array.ndim == 3 and array.shape[-1] == 1 else array.shape
    if array.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[-1] in (3, 4))):
        raise DataError(f"An array of shape {array.shape} and {array.dtype} is no picture.", _TIP)
    return Image.fromarray(np.ascontiguousarray(array.reshape(shape)))
