"""Kernel ridge regression on many rows: the kernel is approximated by its values with some rows, the landmarks.

With K_mm = L Lᵀ for m landmarks, a row x becomes φ(x) = L⁻¹ k_m(x), and the head is a ridge regression on φ: its gram
matrix is m × m however many rows there are, and rows are removed by subtracting their part. The head is a combination
of the landmarks' kernel values, as that of `bank.kernel` is of all rows'. Source: Williams and Seeger, "Using the
Nyström method to speed up kernel machines", NIPS 2000.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.gram_fold import GramFold
from sketchfit.bank.kernel import Kernel, KernelHead, KernelSettings
from sketchfit.bank.removal import targets_of

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

    def values(self, rows: Rows) -> Floats:
        """Return φ of rows, float32 [k, m]."""
        return self.mapped[rows]

    def gram_without(self, rows: Rows) -> Doubles:
        """Return the matrix of the normal equations without rows, a new array."""
        gram = self.gram - self.gram_of(rows)
        gram[np.diag_indices(len(gram))] += self.strength
        return gram

    def moment_without(self, rows: Rows) -> Doubles:
        """Return the right side of the normal equations without rows, a new array."""
        return self.moment - self.moment_of(rows)

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
class NystromFold(GramFold[Nystrom]):
    """A regression on all rows but some."""

    @property
    def head(self) -> KernelHead:
        """The head fitted on the kept rows."""
        return KernelHead(self.full.kernel, self.full.support, self.dual)

    @cached_property
    def dual(self) -> Floats:
        """The head's coefficients of the landmarks, float32 [m, C]."""
        return (self.full.whitening.astype(np.float64) @ self._solution).astype(np.float32)


def _whitening(matrix: Doubles) -> Floats:
    """Return L⁻ᵀ of a kernel matrix [m, m] = L Lᵀ, float32 [m, m]; the matrix is overwritten."""
    matrix[np.diag_indices(len(matrix))] += JITTER
    factor = scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = scipy.linalg.lapack.dtrtri(factor, lower=True, overwrite_c=True)
    return np.ascontiguousarray(inverse.T, dtype=np.float32)
