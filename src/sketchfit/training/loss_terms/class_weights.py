"""Class weights: inverse counts, or the inverse effective number of samples.

Effective number: "Class-Balanced Loss Based on Effective Number of Samples", Cui et al., arXiv 1901.05555.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def class_weights(counts: NDArray[np.int64], kind: str, beta: float = 0.99) -> NDArray[np.float64]:
    """Return the weight of each class's rows, float64 [C], with mean 1 over all training rows.

    Args:
        counts: training rows per class, int64 [C]; a class without rows counts as one row.
        kind: "balanced": 1 / n; "effective": (1 - beta) / (1 - beta^n).
        beta: in [0, 1).
    """
    rows = np.maximum(counts, 1).astype(np.float64)
    raw = 1 / rows if kind == "balanced" else (1 - beta) / (1 - beta**rows)
    total = float(counts.sum())
    return raw * (total / float((raw * counts).sum())) if total else np.ones_like(raw)
