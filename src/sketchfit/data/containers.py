"""Images inside a larger file: `cat.ndjson#12` is line 12 of `cat.ndjson`, `train.parquet#3` the image of its row 3.

Such a row is a path as any other: `images.read_image_file` returns its content, and `listing.Listing.find` finds it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.decoders.formats import HEAD
from sketchfit.data.decoders.strokes import is_strokes
from sketchfit.regular import check_regular, open_regular

SEPARATOR = "#"
STROKE_SUFFIX = ".ndjson"
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = (STROKE_SUFFIX, *PARQUET_SUFFIXES)

MOST_BYTES = 1 << 34
"""A larger file of strokes is not read."""

MOST_LINE = 1 << 26
"""A longer line of it is no drawing."""

STEP = 1 << 26
"""Bytes whose line ends are found at once."""


def is_container(path: Path) -> bool:
    """Return whether a file contains several images: by its name and its first bytes."""
    if not path.name.lower().endswith(STROKE_SUFFIX):
        return False
    try:
        with open_regular(path, MOST_BYTES) as file:
            return is_strokes(file.read(HEAD))
    except OSError:
        return False


def members(container: Path) -> range:
    """Return the numbers of the images in a container."""
    status = check_regular(container, MOST_BYTES)
    return range(1, len(_line_ends(str(container), status.st_mtime_ns, status.st_size)) + 1)


def member_path(container: str, number: int) -> str:
    """Return the path of the image with this number, counted from 1."""
    return f"{container}{SEPARATOR}{number}"


def split_member(path: str) -> tuple[str, int] | None:
    """Return container and number of a path, or None if it names no image inside a container."""
    container, mark, number = path.rpartition(SEPARATOR)
    if not mark or not container.lower().endswith(SUFFIXES) or not (number.isascii() and number.isdigit()):
        return None
    return container, int(number)


def exists(path: Path) -> bool:
    """Return whether a path is a file, or an image inside one."""
    return path.is_file() or read_member(path) is not None


def read_member(path: Path) -> bytes | None:
    """Return the content of an image inside a container, or None if there is none."""
    parts = split_member(str(path))
    if parts is None:
        return None
    container, number = parts
    try:
        if container.lower().endswith(PARQUET_SUFFIXES):
            from sketchfit.data.parquet_images import read_image  # pyarrow: bundles are served without it

            return read_image(Path(container), number)
        status = check_regular(container, MOST_BYTES)
        ends = _line_ends(container, status.st_mtime_ns, status.st_size)
        if not 1 <= number <= len(ends):
            return None
        start = int(ends[number - 2]) if number > 1 else 0
        if int(ends[number - 1]) - start > MOST_LINE:
            return None
        with Path(container).open("rb") as file:
            file.seek(start)
            return file.read(int(ends[number - 1]) - start).strip()
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _line_ends(container: str, _changed: int, size: int) -> NDArray[np.int64]:
    """Return where each line of a file ends, int64 [lines]; the arguments identify the file's state."""
    if size == 0:
        return np.zeros(0, np.int64)
    data = np.memmap(container, np.uint8, "r")
    steps = range(0, size, STEP)  # the comparison takes as much memory as the part
    parts = [np.flatnonzero(data[start : start + STEP] == ord("\n")).astype(np.int64) + start + 1 for start in steps]
    ends = np.concatenate(parts)
    return ends if len(ends) and ends[-1] == size else np.append(ends, size)
