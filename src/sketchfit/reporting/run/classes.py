"""Class by class: how many are right, how sure that is, what it is taken for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Estimate, accuracy


@dataclass(frozen=True)
class ClassResult:
    """One class.

    Attributes:
        index: of the class.
        recall: share of its drawings that are right, with interval; None where it has no drawing.
        precision: share of the drawings called so that are it; NaN where none is.
        f1: harmonic mean of the two; 0 where it is never right.
        taken_for: up to three (class index, count): what its drawings are mostly taken for.
    """

    index: int
    recall: Estimate | None
    precision: float
    f1: float
    taken_for: tuple[tuple[int, int], ...]

    @property
    def support(self) -> int:
        """Drawings of the class."""
        return self.recall.n if self.recall else 0


def confusion_matrix(label: NDArray[np.int64], answer: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """int64 [C, C]: rows are true classes, columns are answers."""
    return np.bincount(label * classes + answer, minlength=classes * classes).reshape(classes, classes)


def class_results(
    label: NDArray[np.int64], answer: NDArray[np.int64], classes: int, group: NDArray[np.int64] | None = None
) -> list[ClassResult]:
    """Results of all classes.

    Args:
        label, answer: int64 [N].
        group: int64 [N], near-duplicate families, for the intervals.
    """
    matrix = confusion_matrix(label, answer, classes)
    correct = label == answer
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(classes + 1))
    results = []
    for index in range(classes):
        members = order[ends[index] : ends[index + 1]]
        recall = accuracy(correct[members], None if group is None else group[members]) if len(members) else None
        hits, called = int(matrix[index, index]), int(matrix[:, index].sum())
        total = len(members) + called
        wrong = matrix[index].copy()
        wrong[index] = 0
        most = [int(other) for other in np.argsort(-wrong, kind="stable")[:3] if wrong[other] > 0]
        results.append(
            ClassResult(
                index,
                recall,
                hits / called if called else float("nan"),
                2 * hits / total if total else 0.0,
                tuple((other, int(wrong[other])) for other in most),
            )
        )
    return results
