from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketchfit.reporting.run.matrix_table import FIRST_CLASSES, MOST_CLASSES, matrix_rows, table_classes

MATRICES = hnp.arrays(np.int64, st.integers(2, 8).map(lambda n: (n, n)), elements=st.integers(0, 5))


@given(MATRICES, st.data())
def test_each_row_counts_all_its_drawings(matrix: np.ndarray, data: st.DataObject) -> None:
    classes = data.draw(st.lists(st.integers(0, len(matrix) - 1), unique=True, min_size=1))
    for row in matrix_rows(matrix, classes):
        assert row.drawings == matrix[row.index].sum()
        assert sum(cell.count for cell in row.cells) + row.others == row.drawings
        assert [cell.right for cell in row.cells] == [other == row.index for other in classes]
        assert all(0 <= cell.shade <= 45 for cell in row.cells)


def test_the_shade_is_the_root_of_the_share_of_the_row() -> None:
    (row, _) = matrix_rows(np.array([[3, 1], [0, 0]]), [0, 1])
    assert [cell.shade for cell in row.cells] == [39, 22]  # 45 · √0.75 and 45 · √0.25


def test_all_classes_are_in_the_table_until_there_are_too_many() -> None:
    order = np.arange(MOST_CLASSES)[::-1]
    assert table_classes(np.eye(MOST_CLASSES, dtype=np.int64), order) == order.tolist()


def test_of_many_classes_those_with_most_errors_are_in_the_table() -> None:
    count = MOST_CLASSES + 10
    matrix = 5 * np.eye(count, dtype=np.int64)
    wrong = np.arange(count - FIRST_CLASSES, count)
    matrix[wrong, np.roll(wrong, 1)] = 2
    order = np.random.default_rng(0).permutation(count)
    classes = table_classes(matrix, order)
    assert set(classes) == set(wrong.tolist())
    assert classes == [index for index in order if index in set(classes)]
