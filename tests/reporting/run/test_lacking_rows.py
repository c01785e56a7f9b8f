from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from sketchfit.reporting.run.lacking_rows import lacking_rows
from sketchfit.runs.table import TrainingRows


def _rows(label: list[int], folds: list[list[int]]) -> TrainingRows:
    return cast(TrainingRows, SimpleNamespace(label=np.array(label), folds=np.array(folds)))


def test_a_class_in_one_fold_only_is_not_learnt_there() -> None:
    rows = _rows([0, 0, 1, 1, 2], [[0, 1, 1, 1, 0]])
    assert lacking_rows(rows, np.arange(5)).tolist() == [2, 3, 4]
    assert lacking_rows(rows, np.array([0, 3])).tolist() == [3]


def test_another_repeat_or_rows_that_are_never_validated_teach_a_class() -> None:
    assert lacking_rows(_rows([0, 1, 1], [[0, 1, 1], [0, 0, 1]]), np.arange(3)).tolist() == [0]
    assert lacking_rows(_rows([0, 0, 1], [[0, -1, 0]]), np.array([0, 2])).tolist() == [2]


def test_no_rows_lack_nothing() -> None:
    assert lacking_rows(_rows([0, 1], [[-1, -1]]), np.array([], dtype=np.int64)).tolist() == []
