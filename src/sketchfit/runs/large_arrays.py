"""Arrays of probabilities: in memory, or in files without a name where they would fill it.

The system moves the pages of such a file out of memory, and reads them again when they are needed. The values are the
same: float32 in both.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sketchfit.disk import disk_error
from sketchfit.memory import available_memory
from sketchfit.runs.scratch import SPACIOUS, nameless

SHARE = 8
"""An array of more than this part of the free memory is in a file."""

_folders: list[Path] = []

Dtype = TypeVar("Dtype", bound=np.generic)


@contextmanager
def large_arrays_in(folder: Path) -> Iterator[None]:
    """Let the block put large arrays into files of a folder, which may not exist yet. Without, they are in memory."""
    _folders.append(folder)
    try:
        yield
    finally:
        _folders.remove(folder)


def empty_array(
    shape: tuple[int, ...], dtype: type[Dtype] | np.dtype[Dtype], folder: Path | None = None
) -> NDArray[Dtype]:
    """Return an array to be filled.

    Args:
        shape: of it.
        dtype: of it.
        folder: of its file, where it is large; None: that of `large_arrays_in`.

    Raises:
        DiskError: it fits neither into the free memory nor into the folder.
    """
    place = folder or (_folders[-1] if _folders else None)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if place is None or not is_large(size):
        return np.empty(shape, dtype)
    try:
        return np.asarray(nameless(place, shape, dtype))
    except OSError as error:  # the folder of another user is not written, and memory may still do
        if size > available_memory() and disk_error(error) is not None:
            raise
        return np.empty(shape, dtype)


def is_large(size: int) -> bool:
    """Return whether an array of so many bytes is in a file: it is large, and memory is short."""
    if size < SPACIOUS or os.name == "nt":
        return False
    free = available_memory()  # 0 where it is not known
    return bool(free) and size * SHARE > free
