"""Bytes to normalised floats by a table: 256 values a channel, looked up in one pass.

A byte has 256 values, so that subtracting the mean and dividing by the deviation need be done 256 times a channel, and
not once a pixel. The floats are those of the formula bit for bit, and lie channels last, as convolutions on CPUs like
them.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Triple = tuple[float, float, float]


def normalised(images: NDArray[np.uint8], mean: Triple, std: Triple) -> NDArray[np.float32]:
    """(image - 255 mean) / (255 std), computed in float32.

    Args:
        images: uint8 [B, H, W, C], contiguous, C 1 or 3 (grey is repeated).
        mean, std: a channel, in units of the range [0, 1].

    Returns:
        float32 [B, H, W, 3], contiguous.
    """
    count, height, width, channels = images.shape
    if images.size == 0:
        return np.empty((count, height, width, 3), dtype=np.float32)
    flat = images.reshape(count * height, width, channels)
    if channels == 1:
        flat = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    floats = np.asarray(cv2.LUT(flat, _table(mean, std)), dtype=np.float32)
    return floats.reshape(count, height, width, 3)


@lru_cache(maxsize=8)
def _table(mean: Triple, std: Triple) -> NDArray[np.float32]:
    """What each byte becomes, float32 [1, 256, 3]; by torch, so that the bits are those of its arithmetic."""
    values = torch.arange(256, dtype=torch.float32)[:, None]
    table = (values - torch.tensor(mean) * 255) / (torch.tensor(std) * 255)
    return np.ascontiguousarray(table.numpy())[None]
