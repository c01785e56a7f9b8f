"""The drawings that are on the page of a report: all of them, or a sample where the page would become too large."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SHOWN = 150_000
"""Drawings on a page: about 10 MB of names and numbers. Their pictures are in files next to it."""

MOST_BYTES = 11_000_000
"""Bytes of names and numbers of all drawings on a page; fewer drawings are shown where their paths are long."""

NUMBERS = 24
"""Bytes of the numbers of a drawing."""


@dataclass(frozen=True)
class ShownRows:
    """Some of the evidence's rows.

    Attributes:
        places: int64 [m], ascending, of `total` rows.
        total: number of all rows.
    """

    places: NDArray[np.int64]
    total: int

    @classmethod
    def of(cls, paths: Sequence[str], needed: Iterable[int] = ()) -> ShownRows:
        """Return all rows, or a random sample of as many as the page can have, and those that are needed.

        Args:
            paths: of all rows.
            needed: places of rows that a section shows.
        """
        total = len(paths)
        each = NUMBERS + sum(len(path.encode()) for path in paths) / max(total, 1)
        most = min(MOST_SHOWN, int(MOST_BYTES / each))
        if total <= most:
            return cls(np.arange(total), total)
        sample = np.random.Generator(np.random.Philox(key=0)).permutation(total)[:most]
        return cls(np.union1d(sample, np.fromiter(needed, dtype=np.int64)), total)

    @property
    def partial(self) -> bool:
        """Whether there are more rows."""
        return len(self.places) < self.total

    @property
    def note(self) -> str:
        """What the page lacks, without a full stop; empty where it shows all drawings."""
        if not self.partial:
            return ""
        count, total = f"{len(self.places):,}", f"{self.total:,}"
        return f"Lists and pictures show a sample of {count} of the {total} drawings; figures are those of all drawings"
