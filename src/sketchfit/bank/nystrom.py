"""Kernel ridge regression on many rows: the kernel is approximated by its values with some rows, the landmarks.

With K_mm = L Lᵀ for m landmarks, a row x becomes φ(x) = L⁻¹ k_m(x), and the head is a ridge regression on φ: its gram
matrix is m × m however many rows there are, and rows are removed by subtracting their part. The head is a combination
of the landmarks' kernel values, as that of `bank.kernel` is of all rows'. Source: Williams and Seeger, "Using the
Nyström method to speed up kernel machines", NIPS 2000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.kernel import Kernel, KernelHead, KernelSettings
from sketchfit.bank.removal import by_group, check_removable, group_numbers, targets_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK = 2048
"""Rows that are mapped at once."""

MOST_LANDMARKS = 8000

MOST_BYTES = 2 << 30
"""Of the mapped rows; more rows get fewer landmarks."""

JITTER = 1e-4
"""Is added to the diagonal of the landmarks' kernel matrix, so that near-duplicates among them do no harm."""

FEW = 3000
"""Rows that are left out for `left_out`."""


@dataclass(frozen=True)
class Nystrom:
    """A regression on all rows, from which rows can be taken away.

    Attributes:
        kernel: between rows.
        support: float32 [m, D], features of the landmarks.
        whitening: float32 [m, m], L⁻ᵀ.
        mapped: float32 [n, m], φ of all rows.
        label: int64 [n].
        classes: number of classes, C.
        strength: of the penalty.
    """

    kernel: Kernel
    support: Floats
    whitening: Floats
    mapped: Floats
    label: Rows
    classes: int
    strength: float

    @classmethod
    def of(
        cls,
        features: Callable[[Rows], Floats],
        label: Rows,
        classes: int,
        settings: KernelSettings | None = None,
        landmarks: int = MOST_LANDMARKS,
    ) -> Nystrom:
        """Set up the regression: time is about 4 n m² + 2 n m D operations, memory 4 n m + 24 m² bytes.

        Args:
            features: returns float32 [k, D] of rows int64 [k], 0 … n-1; it is called for parts of them.
            label: int64 [n], 0 … C-1.
            classes: number of classes, C.
            settings: of the kernel.
            landmarks: most landmarks, sampled with the same result each time.

        Raises:
            ValueError: a width or strength that is not above 0.
        """
        settings = settings or KernelSettings()
        if not min(settings.width, settings.strength) > 0:
            raise ValueError(f"width {settings.width} and strength {settings.strength} must be above 0")
        count = len(label)
        most = max(1, min(landmarks, count, MOST_BYTES // (4 * count)))
        support = features(np.sort(np.random.default_rng(0).permutation(count)[:most]))
        kernel = Kernel.of(support, settings.width)
        whitening = _whitening(kernel.between(support, support).astype(np.float64))
        mapped = np.empty((count, len(support)), dtype=np.float32)
        for start in range(0, count, CHUNK):
            rows = np.arange(start, min(start + CHUNK, count))
            np.matmul(kernel.between(features(rows), support), whitening, out=mapped[rows[0] : rows[-1] + 1])
        return cls(kernel, support, whitening, mapped, label, classes, settings.strength)

    @cached_property
    def gram(self) -> Doubles:
        """Sum of φφᵀ over all rows, float64 [m, m]."""
        return self.gram_of(np.arange(len(self.label)))

    @cached_property
    def moment(self) -> Doubles:
        """Sum of φ times the targets over all rows, float64 [m, C]."""
        return self.moment_of(np.arange(len(self.label)))

    def gram_of(self, rows: Rows) -> Doubles:
        """Return the part of some rows in `gram`."""
        total = np.zeros((self.mapped.shape[1],) * 2)
        for start in range(0, len(rows), CHUNK):
            part = self.mapped[rows[start : start + CHUNK]]
            total += part.T @ part
        return total

    def moment_of(self, rows: Rows) -> Doubles:
        """Return the part of some rows in `moment`."""
        total = np.zeros((self.mapped.shape[1], self.classes))
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            total += self.mapped[part].T @ targets_of(self.label[part], self.classes).astype(np.float32)
        return total


@dataclass(frozen=True)
class NystromFold:
    """A regression on all rows but some.

    Attributes:
        ridge: on all rows, n.
        removed: int64 [s], distinct; may be empty.
    """

    ridge: Nystrom
    removed: Rows

    def __post_init__(self) -> None:
        """Check the rows.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        check_removable(self.removed, len(self.ridge.label))

    @cached_property
    def kept(self) -> Rows:
        """Rows of the regression, int64 [n - s], ascending."""
        return np.setdiff1d(np.arange(len(self.ridge.label)), self.removed)

    @property
    def head(self) -> KernelHead:
        """The head fitted on the kept rows."""
        return KernelHead(self.ridge.kernel, self.ridge.support, self.dual)

    @cached_property
    def dual(self) -> Floats:
        """The head's coefficients of the landmarks, float32 [m, C]."""
        return (self.ridge.whitening.astype(np.float64) @ self._solution).astype(np.float32)

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        found: Floats = self.ridge.mapped[self.removed] @ self._solution.astype(np.float32)
        return found

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of some kept rows by heads that are fitted without the rows of their groups as well.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], complete groups, at least `FEW` rows where there are as many; scores float32 [k, C].
        """
        number = group_numbers(None if group is None else group[self.kept], len(self.kept))
        order = np.random.default_rng(0).permutation(int(number.max()) + 1)[number]  # of its group, per row
        few = np.sort(order)[min(FEW, len(order)) - 1]
        chosen = by_group(number, np.flatnonzero(order <= few))
        rows = self.kept[np.concatenate(chosen)]
        return rows, self._without_groups(rows, [len(group) for group in chosen])

    def _without_groups(self, rows: Rows, sizes: Sequence[int]) -> Floats:
        """Return the scores of kept rows, each group of them by a head that is fitted without it, float32 [k, C].

        Args:
            rows: int64 [k], group by group.
            sizes: of the groups.
        """
        values, targets = self.ridge.mapped[rows], targets_of(self.ridge.label[rows], self.ridge.classes)
        whitened = scipy.linalg.solve_triangular(
            self._factor, values.T.astype(np.float64), lower=True, overwrite_b=True, check_finite=False
        )
        residual = targets - values @ self._solution.astype(np.float32)
        ends = np.cumsum(sizes)
        for start, end in zip(ends - sizes, ends, strict=True):
            part = whitened[:, start:end]
            own = np.eye(end - start) - part.T @ part
            residual[start:end] = scipy.linalg.solve(own, residual[start:end], assume_a="pos")
        found: Floats = (targets - residual).astype(np.float32)
        return found

    @cached_property
    def _factor(self) -> Doubles:
        """The lower Cholesky factor of the gram matrix plus the penalty, float64 [m, m]."""
        gram = self.ridge.gram - self.ridge.gram_of(self.removed)
        gram[np.diag_indices(len(gram))] += self.ridge.strength
        try:
            factor: Doubles = scipy.linalg.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError as error:
            raise ValueError(f"the penalty {self.ridge.strength} is too small for these features") from error
        return factor

    @cached_property
    def _solution(self) -> Doubles:
        """Coefficients of φ, float64 [m, C]."""
        moment = self.ridge.moment - self.ridge.moment_of(self.removed)
        found: Doubles = scipy.linalg.cho_solve((self._factor, True), moment, overwrite_b=True)
        return found


def _whitening(matrix: Doubles) -> Floats:
    """Return L⁻ᵀ of a kernel matrix [m, m] = L Lᵀ, float32 [m, m]; the matrix is overwritten."""
    matrix[np.diag_indices(len(matrix))] += JITTER
    factor = scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = scipy.linalg.lapack.dtrtri(factor, lower=True, overwrite_c=True)
    return np.ascontiguousarray(inverse.T, dtype=np.float32)
