"""The confusion matrix as a table with class names: all classes, or those with most errors where there are many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 60
"""A table of more classes is not readable: it shows `FIRST_CLASSES`, and an overview above it shows all."""

FIRST_CLASSES = 40

_DARKEST = 45
"""Percent of colour in the cell of a share of 1, so that its number stays readable."""


@dataclass(frozen=True)
class MatrixCell:
    """A cell: `count` drawings, and `shade`, percent of colour, which grows with the root of the share of its row."""

    count: int
    shade: int
    right: bool


@dataclass(frozen=True)
class MatrixRow:
    """The drawings of a class.

    Attributes:
        index: of the true class.
        cells: one per class of the table.
        others: drawings whose answer is a class that is not in the table.
        drawings: of the class.
    """

    index: int
    cells: tuple[MatrixCell, ...]
    others: int
    drawings: int


def table_classes(matrix: NDArray[np.int64], order: NDArray[np.int64]) -> list[int]:
    """Choose the classes of the table: all, or those with most errors, as true class or as answer.

    Args:
        matrix: int64 [C, C], rows are true classes.
        order: int64 [C], class indices; the table has this order.
    """
    if len(order) <= MOST_CLASSES:
        return [int(index) for index in order]
    errors = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diag(matrix)
    chosen = set(np.argsort(-errors, kind="stable")[:FIRST_CLASSES].tolist())
    return [int(index) for index in order if int(index) in chosen]


def matrix_rows(matrix: NDArray[np.int64], classes: list[int]) -> list[MatrixRow]:
    """Compute the rows of the table of `classes`."""
    rows = []
    for index in classes:
        drawings = int(matrix[index].sum())
        counts = [int(matrix[index, other]) for other in classes]
        cells = tuple(
            MatrixCell(count, round(_DARKEST * (count / max(drawings, 1)) ** 0.5), other == index)
            for other, count in zip(classes, counts, strict=True)
        )
        rows.append(MatrixRow(index, cells, drawings - sum(counts), drawings))
    return rows
