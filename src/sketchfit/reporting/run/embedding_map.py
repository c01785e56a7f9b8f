"""Section "Map": features before the head, in two dimensions by t-SNE (van der Maaten & Hinton 2008)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.charts import COLOURS
from sketchfit.reporting.run.page_section import PageSection, page_section

SMALLEST = 10
"""A map needs at least so many drawings."""

_GOLDEN_ANGLE = 137.508
"""Degrees between the hues of two classes that follow each other."""

MapDot = tuple[int, float, float]
"""Place of a drawing in the rows, and where it is on the map."""

_WIDTH, _HEIGHT, _MARGIN = 1000, 700, 20
"""Of the map, in the units of the page's script."""


@dataclass(frozen=True)
class MappedClass:
    """The drawings of a class on the map.

    Attributes:
        index, name: of the class.
        style: class of the style sheet that sets the colour; `hue` for one that is computed from `hue`.
        hue: 0 … 359 degrees.
        right, wrong: its drawings.
    """

    index: int
    name: str
    style: str
    hue: int
    right: tuple[MapDot, ...]
    wrong: tuple[MapDot, ...]


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


def map_section(evidence: Evidence, places: NDArray[np.int64], position: NDArray[np.float64]) -> PageSection:
    """Render the map.

    Args:
        evidence: the run.
        places: int64 [m], of the drawings on the map.
        position: float [m, 2], 0 … 1.
    """
    size = [_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN]
    xy = np.round(_MARGIN + position * size, 1)
    return page_section(
        "map",
        "Map",
        classes=mapped_classes(evidence, places, xy),
        size=(_WIDTH, _HEIGHT),
        count=len(places),
        total=len(evidence.rows),
    )


def mapped_classes(evidence: Evidence, places: NDArray[np.int64], xy: NDArray[np.float64]) -> list[MappedClass]:
    """Sort the drawings of the map by class and by whether they are right.

    Few classes have the colours of the style sheet, many a hue each.

    Args:
        evidence: the run.
        places: int64 [m], of the drawings.
        xy: float [m, 2], in the units of the map.
    """
    found: dict[int, tuple[list[MapDot], list[MapDot]]] = {}
    for place, (x, y) in zip(places.tolist(), xy.tolist(), strict=True):
        kinds = found.setdefault(int(evidence.label[place]), ([], []))
        kinds[0 if evidence.correct[place] else 1].append((place, x, y))
    few = len(found) <= COLOURS
    return [
        MappedClass(
            index,
            evidence.class_names[index],
            f"s{number}" if few else "hue",
            round(number * _GOLDEN_ANGLE) % 360,
            *map(tuple, found[index]),
        )
        for number, index in enumerate(sorted(found))
    ]
