"""Section "Confusions": the pairs of classes with most errors, and the confusion matrix in a readable order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.classes import confusion_matrix
from sketchfit.reporting.run.matrix_table import MOST_CLASSES, matrix_rows, table_classes
from sketchfit.reporting.run.page_section import PageSection, page_section

MOST_CLUSTERED = 2000
"""Classes that are put into an order: time grows with the third power of their number."""

MOST_CELLS = 200_000
"""Cells of the matrix that the page has, the largest: about 3 MB."""

MOST_DENSE = 2000
"""Classes up to which the file that the page saves is a matrix; of more classes it is a list of the cells."""


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes that are confused with each other.

    Attributes:
        first, second: class indices; `first` is the class with more errors.
        there: drawings of `first` whose answer is `second`.
        back: drawings of `second` whose answer is `first`.
    """

    first: int
    second: int
    there: int
    back: int

    @property
    def errors(self) -> int:
        """Number of errors between the two, in either direction."""
        return self.there + self.back


def confusions_section(evidence: Evidence) -> PageSection:
    """Render the pairs with most errors and the confusion matrix."""
    matrix = confusion_matrix(evidence.label, evidence.answer, evidence.class_count)
    pairs = confused_pairs(matrix)
    rows, columns = largest_cells(matrix, MOST_CELLS)
    small = left_out(matrix, MOST_CELLS)
    order = clustered_order(evidence.prob, evidence.label)
    classes = table_classes(matrix, order)
    data = {
        "left_out": small.most,
        "dense": not small.drawings and evidence.class_count <= MOST_DENSE,
        "order": order,
        "cells": np.stack([rows, columns, matrix[rows, columns]], axis=1),
        "shown": classes,
        "most": MOST_CLASSES,
    }
    return page_section(
        "confusions",
        "Confusions",
        {"matrix": data},
        names=evidence.class_names,
        pairs=pairs,
        classes=classes,
        partial=len(classes) < evidence.class_count,
        rows=matrix_rows(matrix, classes),
        left_out=small,
        share=sum(pair.errors for pair in pairs) / max(int((~evidence.correct).sum()), 1),
    )


@dataclass(frozen=True)
class OmittedCells:
    """Cells of the matrix that the page does not have: their `drawings`, and the `most` drawings in one of them."""

    drawings: int
    most: int


def left_out(matrix: NDArray[np.int64], most: int) -> OmittedCells:
    """Return what all but the `most` largest cells hold."""
    counts = np.sort(matrix[matrix > 0])[:-most]
    return OmittedCells(int(counts.sum()), int(counts.max(initial=0)))


def largest_cells(matrix: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of the cells that are not 0, in order; of more than `most`, the largest.

    Args:
        matrix: int64 [C, C].
        most: number of cells.
    """
    cells = np.flatnonzero(matrix)
    if len(cells) > most:
        cells = np.sort(cells[np.argsort(-matrix.ravel()[cells], kind="stable")[:most]])
    rows, columns = np.unravel_index(cells, matrix.shape)
    return rows, columns


def confused_pairs(matrix: NDArray[np.int64], count: int = 20) -> list[ConfusedPair]:
    """Find the pairs of classes with most errors between them, in either direction.

    Args:
        matrix: int64 [C, C], rows are true classes.
        count: at most so many pairs.
    """
    classes = len(matrix)
    rows, columns = np.nonzero(matrix)
    apart = rows != columns
    rows, columns = rows[apart], columns[apart]
    pair, of = np.unique(np.minimum(rows, columns) * classes + np.maximum(rows, columns), return_inverse=True)
    both = np.bincount(of, matrix[rows, columns], minlength=len(pair))
    found = []
    for flat in pair[np.argsort(-both, kind="stable")[:count]].tolist():
        a, b = divmod(flat, classes)
        if matrix[b, a] > matrix[a, b]:
            a, b = b, a
        found.append(ConfusedPair(a, b, int(matrix[a, b]), int(matrix[b, a])))
    return found


def clustered_order(prob: NDArray[np.float32], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order classes so that those that are confused with each other are neighbours.

    Average-linkage clustering of classes by the mean probability that they give to each other, with leaves in the
    optimal order (Bar-Joseph et al. 2001). Probabilities separate classes that are never confused outright, answers do
    not. More than `MOST_CLUSTERED` classes keep the order of their indices.

    Args:
        prob: float [N, C].
        label: int64 [N].

    Returns:
        int64 [C], class indices.
    """
    classes = prob.shape[1]
    if not 3 <= classes <= MOST_CLUSTERED:
        return np.arange(classes)
    given = np.zeros((classes, classes))
    np.add.at(given, label, prob)
    given /= np.maximum(np.bincount(label, minlength=classes), 1)[:, None]
    near = given + given.T
    distance = 1 - near / max(float(near[~np.eye(classes, dtype=bool)].max()), 1e-12)
    np.fill_diagonal(distance, 0.0)
    condensed = np.maximum(squareform(distance, checks=False), 0.0)
    return np.asarray(leaves_list(linkage(condensed, "average", optimal_ordering=True)), dtype=np.int64)
