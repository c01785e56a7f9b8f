"""The space in which rows are compared: what distinguishes drawings of one class from each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

_SIZE, _FITTED, _BLOCK, _SHORT_BLOCK, _SCORED = 64, 4096, 2048, 256, 2000
_ZERO = 1e-7
"""Eigenvalues below this share of the largest are zero up to rounding."""


@dataclass(frozen=True)
class Space:
    """Deviations of rows from the mean of their class.

    Attributes:
        rows: int64 [n], the rows of the table that are compared, ascending: one of each group of near-duplicates, of
            classes with at least two such rows.
        label: int64 [n], their classes.
        unit: float32 [n, d], direction in which each row deviates from its class; of unit length up to the removal of
            the mean of each class.
        total: N, number of rows of the table.
    """

    rows: Index
    label: Index
    unit: Floats
    total: int

    @cached_property
    def nearest(self) -> Index:
        """Nearest row of the same class, int64 [n], as positions in `rows`."""
        found = np.full(len(self.rows), -1, dtype=np.int64)
        order = np.argsort(self.label, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(self.label[order])) + 1) if len(order) else ():
            unit = self.unit[members]
            for part in np.array_split(np.arange(len(members)), -(-len(members) // _BLOCK)):
                cosine = unit[part] @ unit.T
                cosine[np.arange(len(part)), part] = -2
                found[members[part]] = members[cosine.argmax(axis=1)]
        return found

    @cached_property
    def nearest_elsewhere(self) -> Index:
        """Nearest row of another class, int64 [n], as positions in `rows`; -1 for all but 2,000 evenly spaced rows."""
        found = np.full(len(self.rows), -1, dtype=np.int64)
        if len(np.unique(self.label)) < 2:
            return found
        scored = np.unique(np.linspace(0, len(self.rows) - 1, min(_SCORED, len(self.rows))).astype(np.int64))
        for part in np.array_split(scored, -(-len(scored) // _SHORT_BLOCK)):
            cosine = self.unit[part] @ self.unit.T
            cosine[self.label[part][:, None] == self.label[None, :]] = -2
            found[part] = cosine.argmax(axis=1)
        return found


def compare_rows(
    features: Floats, label: Index, near_duplicate: Index | None = None, usable: NDArray[np.bool_] | None = None
) -> Space:
    """Return the space of the training rows.

    The deviations from the class means are projected on their 64 principal directions, which leaves out noise. Each
    direction is divided by the root of its standard deviation, so that no few of them decide; complete whitening would
    fit noise in small sets. Rows are scaled to unit length, so that a few unusual drawings do not dominate.

    Args:
        features: float32 [N, D], scaled so that columns are comparable.
        label: int64 [N], class indices.
        near_duplicate: int64 [N], groups of copies: of each, the row nearest to its class's mean is kept.
        usable: bool [N], rows that have features; all by default.
    """
    rows = np.arange(len(label), dtype=np.int64) if usable is None else np.flatnonzero(usable).astype(np.int64)
    mean = _class_means(features, label, rows)
    if near_duplicate is not None:
        rows = _one_of_each(features, label, mean, rows, near_duplicate)
        mean = _class_means(features, label, rows)
    rows = rows[np.bincount(label[rows], minlength=len(mean))[label[rows]] > 1]
    if len(rows) < 2:
        return Space(rows[:0], label[rows[:0]], np.zeros((0, 1), np.float32), len(label))
    basis = _principal_directions(features, label, mean, rows)
    unit = np.concatenate(
        [(features[part] - mean[label[part]]) @ basis for part in np.split(rows, range(_BLOCK, len(rows), _BLOCK))]
    )
    unit /= np.linalg.norm(unit, axis=1, keepdims=True) + 1e-12
    unit -= _class_means(unit, label[rows], np.arange(len(rows)))[label[rows]]
    return Space(rows, label[rows], unit, len(label))


def _class_means(features: Floats, label: Index, rows: Index) -> Floats:
    """Return the mean of the rows of each class, float32 [C, D]; zero for a class without rows."""
    counts = np.bincount(label[rows], minlength=int(label.max(initial=0)) + 1)
    mean = np.zeros((len(counts), features.shape[1]), dtype=np.float32)
    order = rows[np.argsort(label[rows], kind="stable")]
    for number, members in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        if len(members):
            mean[number] = features[members].mean(axis=0, dtype=np.float64)
    return mean


def _one_of_each(features: Floats, label: Index, mean: Floats, rows: Index, copies: Index) -> Index:
    """Return one row per group of copies, whatever the order of the rows: the one nearest to the mean of its class."""
    inverse, counts = np.unique(copies[rows], return_inverse=True, return_counts=True)[1:]
    several = np.flatnonzero(counts[inverse] > 1)
    distance = np.zeros(len(rows))
    distance[several] = np.linalg.norm(features[rows[several]] - mean[label[rows[several]]], axis=1)
    order = np.lexsort((distance, inverse))
    first = np.unique(inverse[order], return_index=True)[1]
    kept: Index = np.sort(rows[order[first]])
    return kept


def _principal_directions(features: Floats, label: Index, mean: Floats, rows: Index) -> Floats:
    """Return the directions of the largest variance within classes, float32 [D, d], from at most 4,096 rows.

    Each is divided by the root of its standard deviation.
    """
    fitted = rows if len(rows) <= _FITTED else rows[np.arange(_FITTED) * len(rows) // _FITTED]
    centred = features[fitted] - mean[label[fitted]]
    wide = centred.shape[0] < centred.shape[1]
    product = (centred @ centred.T if wide else centred.T @ centred).astype(np.float64)
    last = len(product) - 1
    values, vectors = eigh(product, subset_by_index=[max(0, last - _SIZE + 1), last])
    kept = values > _ZERO * max(float(values[-1]), 1e-30)
    if not kept.any():
        return np.zeros((features.shape[1], 1), dtype=np.float32)
    vectors, spread = vectors[:, kept].astype(np.float32), np.sqrt(values[kept] / values[-1])
    directions = centred.T @ vectors if wide else vectors
    found: Floats = directions / (np.linalg.norm(directions, axis=0) * np.sqrt(spread)).astype(np.float32)
    return found
