"""Probability files: `row` int64 [N] and `prob` float32 [N, C]. Runs on one table can be combined from these alone.

Large ones are mapped into memory, and what is computed on them here is computed in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import RunError
from sketchfit.runs.arrays import read_npz, write_npz
from sketchfit.runs.large_arrays import empty_array, is_large
from sketchfit.wording import counted, listed

SUM_TOLERANCE = 1e-3
"""How far the probabilities of a row may sum to something else than 1."""

_SHOWN = 3

_MOST_VALUES = 1 << 24
"""Probabilities that are compared or copied at once."""


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of some rows of a table.

    Attributes:
        row: int64 [N], row numbers of the training or the test table.
        prob: float32 [N, C].
    """

    row: NDArray[np.int64]
    prob: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def classes(self) -> int:
        """Number of classes, C."""
        return int(self.prob.shape[1])

    def at(self, row: NDArray[np.int64]) -> NDArray[np.float32]:
        """Float32 [n, C]: the probabilities of these rows, in this order; of all rows, without a copy.

        Raises:
            KeyError: a row that has none.
        """
        if np.array_equal(self.row, row):
            return self.prob
        order = np.argsort(self.row, kind="stable")
        place = np.searchsorted(self.row, row, sorter=order)
        found = order[np.minimum(place, len(order) - 1)] if len(order) else np.zeros(0, dtype=np.int64)
        if len(found) != len(row) or (self.row[found] != row).any():
            raise KeyError("a row has no probabilities")
        taken = empty_array((len(found), self.classes), np.float32)
        for part in _parts(taken):
            taken[part] = self.prob[found[part]]
        return taken

    def problems(self) -> list[str]:
        """What is wrong with these values, one sentence per problem: repeated rows, NaN, negative, wrong sums."""
        found = []
        if repeated := len(self.row) - len(np.unique(self.row)):
            found.append(f"{counted(repeated, 'row occurs', 'rows occur')} more than once")
        broken = ~self.finite()
        negative = ~broken & self._by_row(lambda prob: np.asarray((prob < 0).any(axis=1)))
        sums = self._by_row(lambda prob: np.abs(prob.sum(axis=1, dtype=np.float64) - 1) > SUM_TOLERANCE)
        off = ~broken & ~negative & sums
        for mask, what in (
            (broken, "NaN or infinite probabilities"),
            (negative, "negative probabilities"),
            (off, "probabilities that do not sum to 1"),
        ):
            if mask.any():
                found.append(f"{counted(int(mask.sum()), 'row')} with {what}: row {listed(self.row[mask], _SHOWN)}")
        return found

    def finite(self) -> NDArray[np.bool_]:
        """Bool [N]: whether all probabilities of a row are numbers."""
        return self._by_row(lambda prob: np.asarray(np.isfinite(prob).all(axis=1)))

    def _by_row(self, test: Callable[[NDArray[np.float32]], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        found = np.zeros(len(self), dtype=bool)
        for part in _parts(self.prob):
            found[part] = test(self.prob[part])
        return found


def _parts(prob: NDArray[np.float32]) -> Iterator[slice]:
    """Yield consecutive rows of an array [N, C]."""
    step = max(1, _MOST_VALUES // max(prob.shape[1], 1))
    return (slice(start, start + step) for start in range(0, len(prob), step))


def read_probabilities(path: Path) -> Probabilities:
    """Read a probability file. A large one is mapped into memory, read-only, where memory is short.

    Raises:
        UserError: the file is missing or damaged, lacks an array, or its arrays have other shapes.
    """
    arrays = read_npz(path, mapped=path.is_file() and is_large(path.stat().st_size))
    if missing := [name for name in ("row", "prob") if name not in arrays]:
        raise RunError(f"{path} lacks {' and '.join(missing)}", "Run the command that writes it again.")
    row, prob = arrays["row"], arrays["prob"]
    if row.ndim != 1 or prob.ndim != 2 or len(row) != len(prob):
        raise RunError(
            f"{path} holds arrays of shapes {row.shape} (row) and {prob.shape} (prob)",
            "They must be [N] and [N, C]. Run the command that writes it again.",
        )
    return Probabilities(row.astype(np.int64, copy=False), prob.astype(np.float32, copy=False))


def write_probabilities(path: Path, row: NDArray[np.int64], prob: NDArray[np.float32]) -> None:
    """Write a probability file atomically."""
    write_npz(path, {"row": row, "prob": prob})


def mean_by_row(parts: Sequence[Probabilities], folder: Path | None = None) -> Probabilities:
    """Merge the probabilities of several networks: each row once, ascending.

    A row that several of them have, validated in several repeats, gets the mean.

    Args:
        parts: of the networks.
        folder: of a large result, see `empty_array`.
    """
    row, times = np.unique(np.concatenate([part.row for part in parts]), return_counts=True)
    places = [np.searchsorted(row, part.row) for part in parts]
    if (times == 1).all():
        found = empty_array((len(row), parts[0].classes), np.float32, folder)
        for place, part in zip(places, parts, strict=True):
            found[place] = part.prob
        return Probabilities(row, found)
    found = empty_array((len(row), parts[0].classes), np.float32, folder)
    for one in _parts(found):
        total = np.zeros((len(row[one]), parts[0].classes), dtype=np.float64)
        for place, part in zip(places, parts, strict=True):
            here = np.flatnonzero((place >= one.start) & (place < one.stop))
            np.add.at(total, place[here] - one.start, part.prob[here])
        total /= times[one, None]
        found[one] = total
    return Probabilities(row, found)
