"""A kernel ridge regression without some rows: its head, its scores of them, and of the kept rows left out by group.

All follow from the inverse for all rows, see `bank.kernel`. With L the Cholesky factor of (G⁻¹)_SS, the inverse for the
rows R that are kept is (G⁻¹)_RR - WᵀW with W = L⁻¹ (G⁻¹)_SR; only its diagonal, and small blocks, are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.kernel import CHUNK, KernelHead, KernelRidge
from sketchfit.bank.removal import by_group, group_numbers, targets_of
from sketchfit.bank.without_rows import WithoutRows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class KernelFold(WithoutRows[KernelRidge]):
    """A kernel ridge regression on all rows but some."""

    @property
    def head(self) -> KernelHead:
        """The head fitted on the kept rows."""
        return KernelHead(self.full.kernel, self.full.features[self.kept], self._dual.astype(np.float32))

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        residual = scipy.linalg.solve_triangular(self._factor, self._whitened_dual, lower=True, trans="T")
        found: Floats = (targets_of(self.full.label[self.removed], self.full.classes) - residual).astype(np.float32)
        return found

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of each kept row by a head that is fitted without the rows of its group as well.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            The kept rows and their scores, float32 [n - s, C].
        """
        ridge, kept, whitened = self.full, self.kept, self._whitened
        own = np.diagonal(ridge.inverse)[kept] - _squares(whitened)
        targets = targets_of(ridge.label[kept], ridge.classes)
        found: Floats = (targets - self._dual / own[:, None]).astype(np.float32)
        number = group_numbers(None if group is None else group[kept], len(kept))
        size = np.bincount(number)[number]
        for rows in by_group(number, np.flatnonzero(size > 1)):
            part = whitened[:, rows]
            block = ridge.inverse[np.ix_(kept[rows], kept[rows])] - part.T @ part
            found[rows] = targets[rows] - scipy.linalg.solve(block, self._dual[rows], assume_a="pos")
        return kept, found

    @cached_property
    def _factor(self) -> Doubles:
        """The lower Cholesky factor of the removed rows' block of the inverse, float64 [s, s]."""
        block = self._block(self.removed)
        factor: Doubles = scipy.linalg.cholesky(block, lower=True, overwrite_a=True, check_finite=False)
        return factor

    @cached_property
    def _whitened(self) -> Doubles:
        """W, float64 [s, n - s]."""
        block = self._block(self.kept)
        found: Doubles = scipy.linalg.solve_triangular(
            self._factor, block, lower=True, overwrite_b=True, check_finite=False
        )
        return found

    def _block(self, columns: Rows) -> Doubles:
        """Return the removed rows and some columns of the inverse, float64 [s, k], in the order that LAPACK uses.

        The inverse is symmetric, and has this order, too: its columns are taken one after the other.
        """
        block: Doubles = self.full.inverse.T[np.ix_(columns, self.removed)].T
        return block

    @cached_property
    def _whitened_dual(self) -> Doubles:
        found: Doubles = scipy.linalg.solve_triangular(self._factor, self.full.dual[self.removed], lower=True)
        return found

    @cached_property
    def _dual(self) -> Doubles:
        """Coefficients of the kept rows, float64 [n - s, C]."""
        found: Doubles = self.full.dual[self.kept] - self._whitened.T @ self._whitened_dual
        return found


def _squares(values: Doubles) -> Doubles:
    """Return the sum of squares of each column of values [s, k], without a copy of all values."""
    parts = (values[:, start : start + CHUNK] for start in range(0, values.shape[1], CHUNK))
    return np.concatenate([np.square(part).sum(axis=0) for part in parts])
