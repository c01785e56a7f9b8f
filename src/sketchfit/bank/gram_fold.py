"""A regression by normal equations without some rows: their part is subtracted from the matrix, which is exact.

Rows are left out of it group by group with (I - H_SS)⁻¹ r_S, see `bank.heads`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.removal import by_group, group_numbers, targets_of
from sketchfit.bank.without_rows import OfRows, WithoutRows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

FEW = 3000
"""Rows that are left out for `left_out`."""


class NormalEquations(OfRows, Protocol):
    """A ridge regression on all rows, with targets ±1 per class."""

    @property
    def strength(self) -> float:
        """Of the penalty."""

    def values(self, rows: Rows) -> NDArray[np.floating[Any]]:
        """Return the inputs of rows, [k, M]."""

    def gram_without(self, rows: Rows) -> Doubles:
        """Return a new matrix of the normal equations without rows, penalty included, float64 [M, M]."""

    def moment_without(self, rows: Rows) -> Doubles:
        """Return a new right side without rows, float64 [M, C]."""


N = TypeVar("N", bound=NormalEquations)


@dataclass(frozen=True)
class GramFold(WithoutRows[N]):
    """A regression by normal equations on all rows but some."""

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        return self._scores(self.full.values(self.removed)).astype(np.float32)

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of some kept rows by heads that are fitted without the rows of their groups as well.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], complete groups, at least `FEW` rows where there are as many; scores float32 [k, C].
        """
        group_of_row = group_numbers(None if group is None else group[self.kept], len(self.kept))
        place_of_group = np.random.default_rng(0).permutation(int(group_of_row.max()) + 1)
        place = place_of_group[group_of_row]
        last = np.sort(place)[min(FEW, len(place)) - 1]
        chosen = by_group(group_of_row, np.flatnonzero(place <= last))
        rows = self.kept[np.concatenate(chosen)]
        return rows, self._without_groups(rows, [len(one) for one in chosen])

    def _without_groups(self, rows: Rows, sizes: Sequence[int]) -> Floats:
        """Return the scores of kept rows, each group of them by a head that is fitted without it, float32 [k, C].

        Args:
            rows: int64 [k], group by group.
            sizes: of the groups.
        """
        values, targets = self.full.values(rows), targets_of(self.full.label[rows], self.full.classes)
        whitened = scipy.linalg.solve_triangular(
            self._factor, values.T.astype(np.float64), lower=True, overwrite_b=True, check_finite=False
        )
        residual = targets - self._scores(values)
        ends = np.cumsum(sizes)
        for start, end in zip(ends - sizes, ends, strict=True):
            part = whitened[:, start:end]
            own = np.eye(end - start) - part.T @ part
            residual[start:end] = scipy.linalg.solve(own, residual[start:end], assume_a="pos")
        found: Floats = (targets - residual).astype(np.float32)
        return found

    def _scores(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the scores of inputs [k, M], [k, C] of the same type."""
        found: NDArray[np.floating[Any]] = values @ self._solution.astype(values.dtype)
        return found

    @cached_property
    def _factor(self) -> Doubles:
        """The lower Cholesky factor of the matrix, float64 [M, M]."""
        gram = self.full.gram_without(self.removed)
        try:
            factor: Doubles = scipy.linalg.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError as error:
            raise ValueError(f"the penalty {self.full.strength} is too small for these features") from error
        return factor

    @cached_property
    def _solution(self) -> Doubles:
        """Coefficients of the inputs, float64 [M, C]."""
        moment = self.full.moment_without(self.removed)
        found: Doubles = scipy.linalg.cho_solve((self._factor, True), moment, overwrite_b=True)
        return found
