"""The files of a pass that is not finished, so that a killed process does not lose what it has computed."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.checksum import DamagedError
from sketchfit.files import read_json, write_json
from sketchfit.moving import delete_file, flush_to_disk, move
from sketchfit.runs.arrays import create_npy, map_npy

log = logging.getLogger(__name__)

Half = NDArray[np.float16]
Scales = tuple[float, ...]


def no_saving(done: int, scales: Scales, end: int) -> None:
    """Save nothing."""
    del done, scales, end


@dataclass(frozen=True)
class Unfinished:
    """Features as far as they are computed.

    Attributes:
        values: float16 [n, D], written in place.
        done: number of images that are computed, in the order of the pass.
        scales: per block; empty before the first image.
        save: is called now and then with `done`, `scales` and the row after the last one that is computed.
    """

    values: Half
    done: int = 0
    scales: Scales = ()
    save: Callable[[int, Scales, int], None] = no_saving


@dataclass(frozen=True)
class PassFiles:
    """Files of an unfinished pass; one process at a time may use them.

    Attributes:
        cache: their folder.
        key: of the features.
    """

    cache: Path
    key: str

    @property
    def array(self) -> Path:
        """The features so far."""
        return self.cache / f".features-{self.key}.part"

    @property
    def index(self) -> Path:
        """How many of them there are."""
        return self.cache / f".features-{self.key}.part.json"

    def open(self, shape: tuple[int, int]) -> Unfinished:
        """Return the pass that was interrupted, or a new one.

        Raises:
            OSError: there is no space for it.
        """
        try:
            what = read_json(self.index)
            found = Unfinished(self._mapped(shape), int(what["done"]), tuple(map(float, what["scales"])))
            checked, crc = int(what["end"]), int(what["crc"])
            if _crc(found.values[:checked]) != crc:
                raise DamagedError
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            if not isinstance(error, FileNotFoundError | KeyError):  # an older version wrote no checksum
                log.warning(f"the unfinished features {self.array} are damaged; they are computed again")
            delete_file(self.index)
            found, checked, crc = Unfinished(create_npy(self.array, shape, np.float16)), 0, 0

        def save(done: int, scales: Scales, end: int) -> None:
            nonlocal checked, crc
            checked, crc = end, _crc(found.values[checked:end], crc)
            flush_to_disk(self.array)
            write_json(self.index, {"done": done, "scales": scales, "end": end, "crc": crc})

        return Unfinished(found.values, found.done, found.scales, save)

    def finish(self, place: Path) -> None:
        """Move the complete features to their place; nothing may have them mapped."""
        flush_to_disk(self.array)
        move(self.array, place)
        delete_file(self.index)

    def delete(self) -> None:
        """Delete what there is."""
        for path in (self.index, self.array):
            delete_file(path)

    def _mapped(self, shape: tuple[int, int]) -> Half:
        """Return the array of an interrupted pass, for writing.

        Raises:
            ValueError: it has another shape.
        """
        found: Half = map_npy(self.array, writable=True)
        if found.shape != shape:
            raise ValueError("another shape")
        return found


def _crc(values: Half, before: int = 0) -> int:
    """Return the checksum of values that follow those with the checksum `before`."""
    return zlib.crc32(values.data, before)
