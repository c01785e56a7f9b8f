"""Numbers that all worker processes count together: each has one file, and any of them adds them up.

A file stays when its process is killed, so that sums never fall, as Prometheus expects.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.remains import is_alive

SUFFIX = ".counters"


class Counters:
    """A row of numbers of this process, and the sum over all processes; used in one thread.

    Args:
        size: how many numbers.
        folder: of the files; None: there is one process.
    """

    def __init__(self, size: int, folder: Path | None = None) -> None:
        self._size, self._folder = size, folder
        self._own: NDArray[np.float64] = np.zeros(size)
        if folder is not None:
            path = folder / f"{os.getpid()}{SUFFIX}"
            if not path.exists():  # with its content: writing into a hole of a full disk would end the process
                path.write_bytes(self._own.tobytes())
            self._own = np.memmap(path, np.float64, "r+", shape=(size,))

    def add(self, place: int, value: float = 1.0) -> None:
        """Add to a number of this process."""
        self._own[place] += value

    def set(self, place: int, value: float) -> None:
        """Set a number of this process."""
        self._own[place] = value

    def sums(self) -> NDArray[np.float64]:
        """Return the sums over all processes, those that have ended too, float64 [size]."""
        if self._folder is None:
            return self._own.copy()
        return self._sum(self._folder.glob(f"*{SUFFIX}"))

    def sums_of_living(self) -> NDArray[np.float64]:
        """Return the sums over the processes that are at work."""
        if self._folder is None:
            return self._own.copy()
        return self._sum(path for path in self._folder.glob(f"*{SUFFIX}") if is_alive(int(path.stem)))

    def _sum(self, paths: Iterable[Path]) -> NDArray[np.float64]:
        total = np.zeros(self._size)
        for path in paths:
            total += self._read(path)
        return total

    def _read(self, path: Path) -> NDArray[np.float64]:
        values = np.frombuffer(path.read_bytes(), np.float64)
        return values if len(values) == self._size else np.zeros(self._size)
