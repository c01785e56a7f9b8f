from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.tune import MOST_EPOCHS, _recorded_epochs, epochs_that_fit
from tests.stages.scout.made import Time, make_figures


@pytest.mark.parametrize(("seconds", "expected"), [(1000.0, MOST_EPOCHS), (30.0, 3), (20.0, 2), (19.0, 1), (9.0, 0)])
def test_both_finalists_get_as_many_epochs_as_fit(seconds, expected):
    # of 10 epochs in 5 folds, 200 and 300 s: 4 and 6 s per epoch of one fold
    both = [make_figures("a", train_seconds=200.0), make_figures("b", train_seconds=300.0)]
    assert epochs_that_fit(both, 10, 5, Budget(seconds, Time(), began=100.0)) == expected


def test_folds_of_a_part_of_the_rows_take_a_part_of_the_time():
    both = [make_figures("a", train_seconds=200.0), make_figures("b", train_seconds=300.0)]
    assert epochs_that_fit(both, 10, 5, Budget(20.0, Time(), began=100.0), share=0.5) == 4


def test_never_more_than_the_recipe_has():
    both = [make_figures("a"), make_figures("b")]
    assert epochs_that_fit(both, 2, 5, Budget(1e6, Time(), began=100.0)) == 2


def test_slower_work_than_estimated_leaves_fewer_epochs():
    both = [make_figures("a", train_seconds=250.0), make_figures("b", train_seconds=250.0)]
    budget = Budget(45.0, Time(), began=100.0)
    budget.record(1.0, 2.0)
    assert epochs_that_fit(both, 10, 5, budget) == 2


def test_a_scout_continues_with_its_epochs_and_chooses_them_again_with_more_time(tmp_path):
    both = [make_figures("a", train_seconds=200.0), make_figures("b", train_seconds=300.0)]
    context = SimpleNamespace(
        run=SimpleNamespace(path=tmp_path),
        recipe=SimpleNamespace(training=SimpleNamespace(epochs=10)),
        table=SimpleNamespace(label=np.zeros(100)),
    )
    rows = SimpleNamespace(folds=[SimpleNamespace(train=np.arange(80), valid=np.arange(20))] * 5)

    def epochs(seconds, used):
        return _recorded_epochs(context, both, rows, Budget(seconds, lambda: 100.0 + used, began=100.0))

    assert [epochs(20.0, 0.0), epochs(20.0, 15.0), epochs(1000.0, 0.0), epochs(1000.0, 999.0)] == [2, 2, 4, 4]
