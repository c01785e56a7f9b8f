"""Maps of frozen stages on disk, next to the image stores: `maps-KEY.npy`, and the digest of its content.

The key names the images, how they look, and the frozen stages, so folds, members, runs and commands share the files.
Those that were not used for the longest time are deleted when there are more than `MOST_BYTES` of them.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import DTypeLike, NDArray

from sketchfit.data.cache.entries import cache_entries
from sketchfit.data.cache.limit import delete_unused, make_room
from sketchfit.data.cache.use import mark_used
from sketchfit.files import atomic, read_json, write_json
from sketchfit.moving import delete_file
from sketchfit.runs.arrays import map_npy, write_npy_rows
from sketchfit.runs.file_crc import file_crc, has_crc

log = logging.getLogger(__name__)

Half = NDArray[np.float16]
Parts = Iterable[NDArray[np.float32]]

KIND: DTypeLike = np.float16
"""Of the values on disk."""

MOST_BYTES = 8 << 30
"""Of all maps in a cache. One training at 128 pixels with 9,000 images uses 100 MB per copy."""


def open_maps(cache: Path, key: str, shape: tuple[int, ...], compute: Callable[[], Parts]) -> Half:
    """Return the maps of a key, read-only: from the cache, or computed and written to it.

    Several processes may do this at once.

    Args:
        cache: folder of all caches.
        key: names all that decides the maps.
        shape: of the array, [N, …].
        compute: yields them in parts, float32, in the order of the rows.

    Raises:
        OSError: there is no space for them, or the cache cannot be written.
    """
    array, index = cache / f"maps-{key}.npy", cache / f"maps-{key}.json"
    if not os.access(cache, os.W_OK) and (found := _read(array, index, shape)) is not None:
        return found  # nothing can be locked in a read-only cache, and nothing changes there
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"maps-{key}.lock"):
        found = _read(array, index, shape)
        if found is None:
            for stale in cache.glob(f".maps-{key}.*.part"):
                delete_file(stale)
            _make_room(cache, 2 * math.prod(shape))
            with atomic(array) as part:
                write_npy_rows(part, shape, KIND, compute())
            write_json(index, {"crc": file_crc(array)})
            found = map_npy(array)
        mark_used(array.with_suffix(""), found)
        return found


def _read(array: Path, index: Path, shape: tuple[int, ...]) -> Half | None:
    """Return the maps of these files; None where they are absent, damaged (which is logged) or of another shape."""
    try:
        if has_crc(array, read_json(index)["crc"]):
            values = map_npy(array)
            return values if values.shape == shape and values.dtype == KIND else None
    except (FileNotFoundError, KeyError):
        return None  # or an older version wrote it
    except (OSError, ValueError, TypeError, EOFError):
        pass
    log.warning(f"{array} is damaged; it is computed again")
    return None


def _make_room(cache: Path, needed: int) -> None:
    """Delete the maps that were not used for the longest time, until there is room for as many bytes."""
    maps = [one for one in cache_entries(cache) if one.kind == "maps"]
    surplus = sum(one.size for one in maps) + needed - MOST_BYTES
    delete_unused(maps, lambda gone: sum(one.size for one in gone) >= surplus)
    make_room(cache, needed)
