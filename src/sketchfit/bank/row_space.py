"""Features of fewer rows than columns in as many columns as there are rows, which changes no penalised linear head.

With Xᵀ = Q R, rows X have the coordinates Rᵀ in the space that they span. A head with a squared penalty has its weights
in that space, so that it is fitted on Rᵀ, and its weights are multiplied by Q.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.heads import Head

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class RowSpace:
    """Coordinates of rows.

    Attributes:
        values: float32 [n, r].
        basis: float64 [K, r], its columns are at right angles and have length 1; None: the values are the features.
    """

    values: Floats
    basis: Doubles | None

    @classmethod
    def of(cls, features: Floats) -> RowSpace:
        """Return the coordinates of features float32 [n, K]."""
        if len(features) >= features.shape[1]:
            return cls(features, None)
        basis, coordinates = scipy.linalg.qr(features.T.astype(np.float64), mode="economic", check_finite=False)
        return cls(np.ascontiguousarray(coordinates.T, dtype=np.float32), basis)

    def lifted(self, head: Head) -> Head:
        """Return a head on features, of one on coordinates."""
        if self.basis is None:
            return head
        return Head((self.basis @ head.weight).astype(np.float32), head.bias)
