"""Section "Map": features before the head, in two dimensions by t-SNE (van der Maaten & Hinton 2008)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sketchfit.reporting.run.page_section import PageSection, page_section

SMALLEST = 10
"""A map needs at least so many drawings."""

_WIDTH, _HEIGHT, _MARGIN = 1000, 700, 20
"""Of the map, in the units of the page's script."""


def embed(features: NDArray[np.float32], seed: int = 0) -> NDArray[np.float64]:
    """Place drawings on a map.

    Features are first scaled to unit length, so that distance means angle, and reduced to 50 dimensions.

    Args:
        features: float [N, D], N ≥ `SMALLEST`.
        seed: of the start.

    Returns:
        float64 [N, 2], 0 … 1 in both directions.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    reduced = PCA(min(50, *unit.shape), svd_solver="full" if min(unit.shape) < 500 else "randomized", random_state=seed)
    placed = TSNE(perplexity=min(30.0, (len(unit) - 1) / 3), init="pca", random_state=seed).fit_transform(
        reduced.fit_transform(unit)
    )
    low, high = placed.min(axis=0), placed.max(axis=0)
    return np.asarray((placed - low) / np.maximum(high - low, 1e-12), dtype=np.float64)


def map_section(places: NDArray[np.int64], position: NDArray[np.float64], total: int) -> PageSection:
    """Render the map.

    Args:
        places: int64 [m], of the drawings on the map.
        position: float [m, 2], 0 … 1.
        total: drawings of the run.
    """
    size = [_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN]
    xy = np.round(_MARGIN + position * size, 1)
    points = [[int(place), float(x), float(y)] for place, (x, y) in zip(places, xy, strict=True)]
    return page_section("map", "Map", {"map": points}, count=len(places), total=total)
