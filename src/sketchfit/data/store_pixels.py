"""The arrays of an image store that is being built."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.arrays import create_npy, write_npy


class StorePixels:
    """The arrays of a store that is being built.

    The store's channels are known only at the end. Grey drawings go to a separate array until a coloured one was
    seen, and only then an array for colour is made. Rows may be put from several threads.

    Args:
        part: folder of the arrays.
        count: number of images.
        size: side of the stored images.
        is_colour: whether the store has three channels in any case.

    Raises:
        DiskError: there is no space for an array.
    """

    def __init__(self, part: Path, count: int, size: int, is_colour: bool) -> None:
        self._part, self._count, self._size = part, count, size
        self._grey, self._colour = part / "grey.npy", part / "colour.npy"
        self._arrays: dict[Path, np.memmap[Any, Any]] = {}
        self._paper = np.full((count, 3), 255, dtype=np.uint8)
        self._is_colour = np.zeros(count, dtype=bool)
        self._adding = threading.Lock()
        self._array(self._colour if is_colour else self._grey)

    def put(self, row: int, square: NDArray[np.uint8], paper: NDArray[np.uint8]) -> None:
        """Store an image, uint8 [S, S, C], and the colour of its paper, uint8 [C]."""
        self._paper[row] = paper
        self._store(row, square)

    def leave_white(self, row: int) -> None:
        """Make the row white: its image cannot be read."""
        self._store(row, np.full((self._size, self._size, 1), 255, np.uint8))

    def finish(self) -> None:
        """Keep the array that holds all images, as `images.npy`, and write the paper."""
        if self._colour in self._arrays:
            colour = self._arrays[self._colour]
            for row in np.flatnonzero(~self._is_colour):
                colour[row] = _coloured(self._arrays[self._grey][row])
        kept = self._colour if self._colour in self._arrays else self._grey
        self._arrays[kept].flush()
        for path in self._arrays.keys() - {kept}:
            path.unlink()
        kept.rename(self._part / "images.npy")
        write_npy(self._part / "paper.npy", self._paper[:, : 3 if kept == self._colour else 1])

    def _store(self, row: int, square: NDArray[np.uint8]) -> None:
        self._is_colour[row] = square.shape[2] == 3 or self._colour in self._arrays  # other threads may add it
        self._array(self._colour if self._is_colour[row] else self._grey)[row] = (
            _coloured(square) if self._is_colour[row] else square
        )

    def _array(self, path: Path) -> np.memmap[Any, Any]:
        """Return an array, created when it is first needed: its space is reserved."""
        with self._adding:
            if path not in self._arrays:
                shape = (self._count, self._size, self._size, 3 if path == self._colour else 1)
                self._arrays[path] = create_npy(path, shape, np.uint8)
            return self._arrays[path]


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image [H, W, 1 or 3] with three channels."""
    return image if image.shape[2] == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
