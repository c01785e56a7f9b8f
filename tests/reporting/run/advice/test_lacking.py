from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.reporting.run.advice.lacking import lacking_classes_of
from sketchfit.runs.table import TrainingRows


def _rows(label: list[int], folds: list[list[int]], group: list[int] | None = None) -> TrainingRows:
    return TrainingRows(
        tuple(map(str, label)),
        np.array(label),
        np.arange(len(label)) if group is None else np.array(group),
        np.array(folds),
    )


def test_a_class_in_one_fold_only() -> None:
    rows = _rows([0, 0, 1, 1, 2, 2], [[0, 1, 0, 0, 1, 1]], [0, 1, 2, 3, 4, 4])
    found = lacking_classes_of(rows, np.arange(6), ("a", "b", "c"))
    assert (found.names, found.rows, found.single) == (("b", "c"), 4, 1)


def test_rows_that_are_never_validated_are_trained_on() -> None:
    found = lacking_classes_of(_rows([0, 0, 1, 1], [[0, -1, 0, 0]]), np.array([0, 2, 3]), ("a", "b"))
    assert (found.names, found.rows) == (("b",), 2)


def test_one_repeat_with_drawings_is_enough() -> None:
    rows = _rows([0, 0, 1, 1], [[0, 0, 0, 1], [0, 1, 0, 1]])
    assert lacking_classes_of(rows, np.arange(4), ("a", "b")).rows == 0


def test_without_rows() -> None:
    assert lacking_classes_of(_rows([0], [[0]]), np.arange(0), ("a",)).rows == 0


@given(st.data())
def test_as_counted_one_by_one(data: st.DataObject) -> None:
    count, repeats = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 2))
    label = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    folds = [data.draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)) for _ in range(repeats)]
    validated = [row for row in range(count) if any(fold[row] >= 0 for fold in folds)]

    def lacks(row: int, fold: list[int]) -> bool:
        return all(fold[other] == fold[row] for other in range(count) if label[other] == label[row])

    expected = [row for row in validated if all(lacks(row, fold) for fold in folds if fold[row] >= 0)]
    found = lacking_classes_of(_rows(label, folds), np.array(validated, dtype=np.int64), tuple("abcd"))
    assert found.rows == len(expected)
    assert found.names == tuple("abcd"[k] for k in sorted({label[row] for row in expected}))
