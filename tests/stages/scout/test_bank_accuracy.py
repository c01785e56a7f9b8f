from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.bank.kernel import KernelRidge
from sketchfit.stages.scout.bank_accuracy import head_seconds, out_of_fold
from tests.stages.scout.made import make_rows


def features(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.arange(rows) % classes
    return (rng.normal(size=(rows, 8)) + 2 * np.eye(8)[label]).astype(np.float32), label


def test_each_row_is_classified_by_a_head_without_its_fold():
    values, label = features(30, 3)
    rows = make_rows((tuple(range(0, 10)), tuple(range(10, 25))), 30)  # rows 25 to 29 are only trained on
    validated, right = out_of_fold(values, label, rows)
    assert validated.tolist() == list(range(25))
    ridge = KernelRidge.of(values, label, 3)
    for fold in rows.folds:
        expected = ridge.without(fold.valid).scores(values[fold.valid]).argmax(axis=1) == label[fold.valid]
        assert right[fold.valid].tolist() == expected.tolist()
    assert 0.5 < right.mean() < 1


def test_of_a_sample_only_its_own_rows_count():
    values, label = features(30, 3)
    rows = replace(make_rows((tuple(range(15)), tuple(range(15, 30))), 30), sample=np.arange(0, 30, 2))
    validated, right = out_of_fold(values[::2], label, rows)
    assert validated.tolist() == list(range(0, 30, 2))
    assert len(right) == 15


def test_the_time_of_a_head_grows_with_the_cube_of_the_rows():
    assert head_seconds(6000) == pytest.approx(8 * head_seconds(3000))
