"""Images put row by row, from several threads, into arrays in memory."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


class RowPixels:
    """Images of N rows.

    The number of channels is known only at the end. Grey drawings go to a separate array until a coloured one was
    seen, and only then an array for colour is made. Rows may be put from several threads.

    Args:
        count: number of images, N.
        size: side of the images, S.
        is_colour: whether there are three channels in any case.
    """

    def __init__(self, count: int, size: int, is_colour: bool) -> None:
        self._count, self._size = count, size
        self._arrays: dict[int, NDArray[Any]] = {}
        self._paper = np.full((count, 3), 255, dtype=np.uint8)
        self._is_colour = np.zeros(count, dtype=bool)
        self._adding = threading.Lock()
        self._array(3 if is_colour else 1)

    def put(self, row: int, square: NDArray[np.uint8], paper: NDArray[np.uint8]) -> None:
        """Store an image, uint8 [S, S, C], and the colour of its paper, uint8 [C]."""
        self._paper[row] = paper
        self._store(row, square)

    def leave_white(self, row: int) -> None:
        """Make the row white: its image cannot be read."""
        self._store(row, np.full((self._size, self._size, 1), 255, np.uint8))

    def filled(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return all images, uint8 [N, S, S, C], and the paper of each, uint8 [N, C]; call it after the last row."""
        channels = max(self._arrays)
        images = self._arrays[channels]
        if channels == 3:
            for row in np.flatnonzero(~self._is_colour):
                images[row] = _coloured(self._arrays[1][row])
        return images, self._paper[:, :channels]

    def _create(self, channels: int) -> NDArray[Any]:
        """Return a new array for all rows."""
        return np.empty((self._count, self._size, self._size, channels), np.uint8)

    def _store(self, row: int, square: NDArray[np.uint8]) -> None:
        self._is_colour[row] = square.shape[2] == 3 or 3 in self._arrays  # other threads may add it
        self._array(3 if self._is_colour[row] else 1)[row] = _coloured(square) if self._is_colour[row] else square

    def _array(self, channels: int) -> NDArray[Any]:
        """Return an array, created when it is first needed."""
        with self._adding:
            if channels not in self._arrays:
                self._arrays[channels] = self._create(channels)
            return self._arrays[channels]


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image [H, W, 1 or 3] with three channels."""
    return image if image.shape[2] == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
