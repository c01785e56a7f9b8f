"""Arrays that a process fills and then drops: in memory, or in a file without a name where they are large.

The system can drop the pages of such a file from memory, and reads them again when they are needed.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sketchfit.disk import DiskError
from sketchfit.moving import delete_file
from sketchfit.remains import part_of
from sketchfit.runs.arrays import create_npy

SPACIOUS = 1 << 28
"""Bytes from which on an array is in a file."""

Allocate = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]
"""(shape, dtype) -> an array of zeros."""


def scratch(folder: Path) -> Allocate:
    """Return what makes arrays of zeros; large ones are in files of a folder, if these have space there.

    On Windows all are in memory: it does not delete a file that is mapped.
    """

    def allocate(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size < SPACIOUS or os.name == "nt":
            return np.zeros(shape, dtype)
        try:
            return nameless(folder, shape, dtype)
        except (OSError, DiskError):
            return np.zeros(shape, dtype)

    return allocate


def nameless(folder: Path, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros in a file without a name; not on Windows. Its space is reserved.

    Raises:
        OSError, DiskError: the folder cannot be written, or has no space.
    """
    path = part_of(folder / f"scratch-{secrets.token_hex(4)}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return create_npy(path, shape, dtype)
    finally:  # also where Ctrl-C interrupts it
        delete_file(path)
