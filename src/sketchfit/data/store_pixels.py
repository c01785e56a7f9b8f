"""The arrays of an image store that is being built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from sketchfit.data.row_pixels import RowPixels
from sketchfit.data.store_files import IMAGES, PAPER
from sketchfit.moving import delete_file, move
from sketchfit.runs.arrays import create_npy, write_npy

_NAMES = {1: "grey.npy", 3: "colour.npy"}


class StorePixels(RowPixels):
    """The arrays of a store that is being built, in its folder.

    Args:
        part: folder of the arrays.
        count: number of images.
        size: side of the stored images.
        is_colour: whether the store has three channels in any case.

    Raises:
        DiskError: there is no space for an array.
    """

    def __init__(self, part: Path, count: int, size: int, is_colour: bool) -> None:
        self._part = part
        super().__init__(count, size, is_colour)

    def finish(self) -> None:
        """Keep the array that holds all images, as `images.npy`, and write the paper."""
        images, paper = self.filled()
        kept = self._part / _NAMES[images.shape[3]]
        images.flush()  # type: ignore[attr-defined]
        paths = {self._part / _NAMES[channels] for channels in self._arrays}
        del images
        self._arrays.clear()  # a mapped file can be neither renamed nor deleted on Windows
        for path in paths - {kept}:
            delete_file(path)
        move(kept, self._part / IMAGES)
        write_npy(self._part / PAPER, paper)

    @override
    def _create(self, channels: int) -> np.memmap[Any, Any]:
        """Return a new array whose space is reserved."""
        return create_npy(self._part / _NAMES[channels], (self._count, self._size, self._size, channels), np.uint8)
