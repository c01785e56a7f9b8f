from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketchfit.reporting.run import confusions
from sketchfit.reporting.run.classes import confusion_matrix
from sketchfit.reporting.run.confusions import clustered_order, confused_pairs, largest_cells, left_out

LABELS = hnp.arrays(np.int64, st.shared(st.integers(1, 60), key="n"), elements=st.integers(0, 4))


@given(LABELS, LABELS)
def test_pairs_count_every_error_once(label: np.ndarray, answer: np.ndarray) -> None:
    pairs = confused_pairs(confusion_matrix(label, answer, 5), 100)
    assert sum(pair.errors for pair in pairs) == int((label != answer).sum())
    assert [pair.errors for pair in pairs] == sorted((pair.errors for pair in pairs), reverse=True)
    assert all(pair.there >= pair.back for pair in pairs)


def test_the_first_of_pairs_with_as_many_errors_come_first() -> None:
    matrix = np.array([[9, 1, 0, 0], [1, 9, 3, 0], [0, 0, 9, 2], [0, 0, 0, 9]])
    found = [(one.first, one.second, one.there, one.back) for one in confused_pairs(matrix, 3)]
    assert found == [(1, 2, 3, 0), (0, 1, 1, 1), (2, 3, 2, 0)]
    assert confused_pairs(np.eye(3, dtype=np.int64)) == []


def test_similar_classes_are_neighbours() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 8, 800)
    partner = (label + 4) % 8  # 0 and 4, 1 and 5, … resemble each other
    prob = np.full((800, 8), 0.02, dtype=np.float32)
    prob[np.arange(800), label] = 0.6
    prob[np.arange(800), partner] = 0.28
    order = clustered_order(prob, label).tolist()
    assert sorted(order) == list(range(8))
    assert all(abs(order.index(k) - order.index(k + 4)) == 1 for k in range(4))


def test_the_largest_cells_are_kept() -> None:
    matrix = np.array([[5, 0, 1], [2, 7, 0], [0, 3, 4]])
    rows, columns = largest_cells(matrix, 6)
    assert (rows.tolist(), columns.tolist()) == ([0, 0, 1, 1, 2, 2], [0, 2, 0, 1, 1, 2])
    rows, columns = largest_cells(matrix, 3)
    assert matrix[rows, columns].tolist() == [5, 7, 4]


@given(hnp.arrays(np.int64, (5, 5), elements=st.integers(0, 4)), st.integers(1, 30))
def test_what_is_left_out_is_the_rest_of_the_largest_cells(matrix: np.ndarray, most: int) -> None:
    rows, columns = largest_cells(matrix, most)
    rest = matrix.copy()
    rest[rows, columns] = 0
    found = left_out(matrix, most)
    assert (found.drawings, found.most) == (rest.sum(), rest.max())


def test_very_many_classes_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    prob = np.eye(5, dtype=np.float32)[[2, 1, 0, 3, 4]]
    monkeypatch.setattr(confusions, "MOST_CLUSTERED", 4)
    assert clustered_order(prob, np.arange(5)).tolist() == [0, 1, 2, 3, 4]
