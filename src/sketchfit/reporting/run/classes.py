"""Section "Classes": accuracy, precision and F1 per class, and the classes that each is confused with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.page_section import PageSection, page_section

MOST_LISTED = 2000
"""Classes in the table: about 1 MB of the page."""


@dataclass(frozen=True)
class ClassResult:
    """Results of one class.

    Attributes:
        index: of the class.
        recall: share of its drawings that are right, with interval; None where it has no drawing.
        precision: share of right answers among the answers of this class; NaN where there is none.
        f1: harmonic mean of the two; 0 where no drawing is right.
        confused_with: up to three (class index, count): the most frequent wrong answers to its drawings.
    """

    index: int
    recall: Estimate | None
    precision: float
    f1: float
    confused_with: tuple[tuple[int, int], ...]

    @property
    def support(self) -> int:
        """Number of drawings of the class."""
        return self.recall.n if self.recall else 0


def classes_section(evidence: Evidence, group: NDArray[np.int64] | None) -> PageSection:
    """Render the table of classes, the lowest accuracy first; of more than `MOST_LISTED`, the first.

    Args:
        evidence: the run.
        group: int64 [n], related rows share a number, for the intervals; None: rows are independent.
    """
    names = evidence.class_names
    results = class_results(evidence.label, evidence.answer, evidence.class_count, group)
    results.sort(key=lambda one: (one.recall.value if one.recall else 2.0, -one.support))
    rows = [
        (result, names[result.index], ", ".join(f"{names[other]} ({count})" for other, count in result.confused_with))
        for result in results[:MOST_LISTED]
    ]
    return page_section("classes", "Classes", rows=rows, total=len(results))


def confusion_matrix(label: NDArray[np.int64], answer: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count answers per true class: int64 [C, C], rows are true classes, columns are answers."""
    return np.bincount(label * classes + answer, minlength=classes * classes).reshape(classes, classes)


def class_results(
    label: NDArray[np.int64], answer: NDArray[np.int64], classes: int, group: NDArray[np.int64] | None = None
) -> list[ClassResult]:
    """Compute the results of all classes, in the order of their indices.

    Args:
        label, answer: int64 [N].
        classes: number of classes.
        group: int64 [N], related rows share a number, for the intervals.
    """
    matrix = confusion_matrix(label, answer, classes)
    correct = label == answer
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(classes + 1))
    results = []
    for index in range(classes):
        members = order[ends[index] : ends[index + 1]]
        recall = accuracy(correct[members], None if group is None else group[members]) if len(members) else None
        results.append(_class_result(index, matrix, recall))
    return results


def _class_result(index: int, matrix: NDArray[np.int64], recall: Estimate | None) -> ClassResult:
    hits, drawings, answers = int(matrix[index, index]), int(matrix[index].sum()), int(matrix[:, index].sum())
    wrong = matrix[index].copy()
    wrong[index] = 0
    most = [int(other) for other in np.argsort(-wrong, kind="stable")[:3] if wrong[other] > 0]
    return ClassResult(
        index,
        recall,
        hits / answers if answers else float("nan"),
        2 * hits / (drawings + answers) if drawings + answers else 0.0,
        tuple((other, int(wrong[other])) for other in most),
    )
