"""The embedding map: penultimate features in two dimensions by t-SNE (van der Maaten & Hinton 2008)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

SMALLEST = 10
"""Fewer drawings make no map."""


def embed(features: NDArray[np.float32], seed: int = 0) -> NDArray[np.float64]:
    """Places on a map.

    Features are scaled to unit length (near then means a small angle) and reduced to 50 dimensions first.

    Args:
        features: float [N, D], N ≥ `SMALLEST`.
        seed: of the start; the map is a pure function of it and the features.

    Returns:
        float64 [N, 2], 0 … 1 in either direction.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    reduced = PCA(min(50, *unit.shape), svd_solver="full" if min(unit.shape) < 500 else "randomized", random_state=seed)
    placed = TSNE(perplexity=min(30.0, (len(unit) - 1) / 3), init="pca", random_state=seed).fit_transform(
        reduced.fit_transform(unit)
    )
    low, high = placed.min(axis=0), placed.max(axis=0)
    return np.asarray((placed - low) / np.maximum(high - low, 1e-12), dtype=np.float64)
