"""Which rows are compared where a table has many."""

from __future__ import annotations

import numpy as np

from sketchfit.bank.cache import Stored
from sketchfit.bank.features import BankFeatures
from sketchfit.stages import frozen_rows
from sketchfit.stages.frozen_rows import FrozenRows

ROWS, WIDTH, CLASSES = 4000, 6, 10


def features(rows=ROWS, tests=300):
    values = np.random.default_rng(0).random((rows + tests, WIDTH)).astype(np.float16)
    train, test = (Stored(part, (WIDTH,), (2.0,)) for part in (values[:rows], values[rows:]))
    readable = np.arange(rows) % 5 != 0
    return BankFeatures(train, test, readable, np.ones(tests, dtype=bool))


def test_all_rows_are_used_as_long_as_they_fit():
    found = FrozenRows.of(features(), np.arange(ROWS) * CLASSES // ROWS)
    assert np.array_equal(found.row, np.flatnonzero(np.arange(ROWS) % 5 != 0))
    assert len(found.values) == len(found.row)
    assert len(found.test_values) == 300


def test_of_many_rows_runs_of_all_classes_are_used(monkeypatch):
    monkeypatch.setattr(frozen_rows, "MOST_VALUES", 1000 * CLASSES)
    label = np.arange(ROWS) * CLASSES // ROWS
    found = FrozenRows.of(features(), label)
    assert 900 <= len(found.row) <= 1000
    assert len(found.test_values) == 300
    assert (np.diff(found.row) > 0).all()
    assert (found.row % 5 != 0).all()
    assert np.array_equal(found.label, label[found.row])
    per_class = np.bincount(found.label, minlength=CLASSES)
    assert per_class.min() > 50
    next_to_each_other = np.diff(found.row) <= 2  # every fifth row cannot be read
    assert next_to_each_other.mean() > 0.9


def test_few_rows_of_many_classes_are_still_pairs(monkeypatch):
    monkeypatch.setattr(frozen_rows, "MOST_VALUES", 2 * ROWS * 400)
    label = np.arange(ROWS) % 2000
    found = FrozenRows.of(features(), label)
    assert len(found.row) <= 2 * ROWS * 400 // 2000
    assert (np.diff(found.row) <= 2).mean() > 0.4
