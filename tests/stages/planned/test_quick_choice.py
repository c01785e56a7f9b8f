from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.inference.oof import Rows
from sketchfit.stages.context import RunState
from sketchfit.stages.planned.quick_choice import quick_choice
from tests.factories import make_table, tiny_recipe


@pytest.mark.parametrize(("rows", "folds", "honest"), [(1000, 5, True), (100_000, 2, True), (100_000, 20, False)])
def test_the_choice_inside_each_fold_is_left_out_where_it_takes_long(rows: int, folds: int, honest: bool):
    label = np.zeros(rows, dtype=np.int64)
    fold = Fold(0, label[:0], label[:0])
    members: Any = {"one": None, "other": None}
    state = replace(RunState(), rows=Rows(label, label, label, None), folds=(fold,) * folds, trained=members)
    table = make_table(train={"train/a.png": 0, "train/b.png": 1})
    found = quick_choice(parse_recipe(tiny_recipe()), state, table)
    assert found.ensemble.honest_choice is honest
