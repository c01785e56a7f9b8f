"""Sums of cosines over all pairs of rows, from sums over rows.

The sum of x·y over all ordered pairs of a set, each row with itself included, is the squared length of the set's sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class RowSums:
    """Sums over the rows of K sets.

    Attributes:
        total: float32 [K, d], of their directions.
        count: float64 [K], of ones.
    """

    total: Floats
    count: NDArray[np.float64]

    def joined(self, starts: Index) -> RowSums:
        """Return the sums over runs of sets that begin at these places."""
        return RowSums(np.add.reduceat(self.total, starts, axis=0), np.add.reduceat(self.count, starts))

    def of_all(self) -> RowSums:
        """Return the sums over all sets as one."""
        return RowSums(self.total.sum(axis=0, keepdims=True), self.count.sum(keepdims=True))

    def pairs(self) -> PairSums:
        """Return all ordered pairs of rows of each set, each row with itself included."""
        return PairSums(_squared_lengths(self.total), self.count**2)


@dataclass(frozen=True)
class PairSums:
    """Sums over ordered pairs of rows of K sets.

    Attributes:
        cosine: float64 [K], of their cosines.
        number: float64 [K], of ones.
    """

    cosine: NDArray[np.float64]
    number: NDArray[np.float64]

    def __sub__(self, part: PairSums) -> PairSums:
        """Return the pairs without a part of them."""
        return PairSums(self.cosine - part.cosine, self.number - part.number)

    def __getitem__(self, chosen: NDArray[np.bool_]) -> PairSums:
        return PairSums(self.cosine[chosen], self.number[chosen])

    def joined(self, starts: Index) -> PairSums:
        """Return the pairs of runs of sets that begin at these places, within each set."""
        return PairSums(np.add.reduceat(self.cosine, starts), np.add.reduceat(self.number, starts))

    def of_all(self) -> PairSums:
        """Return the pairs of all sets, within each set."""
        return PairSums(self.cosine.sum(keepdims=True), self.number.sum(keepdims=True))

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean cosine of each set, float64 [K]."""
        return self.cosine / self.number


def _squared_lengths(sums: Floats) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", sums, sums, dtype=np.float64)
    return squares
