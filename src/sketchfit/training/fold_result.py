"""What the training of one network gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FoldResult:
    """Probabilities of one network.

    Attributes:
        rows: int64 [n], rows of the training table that it validates.
        oof: float32 [n, C], of these rows.
        test: float32 [N_test, C], of all test rows.
        seconds: that its training took.
    """

    rows: NDArray[np.int64]
    oof: Floats
    test: Floats
    seconds: float
