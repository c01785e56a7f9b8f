from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.stages.planned.more_folds import FOLDS, LEAST_PER_CLASS, with_more_folds
from sketchfit.stages.planned_run import planned_folds
from tests.factories import make_table, tiny_recipe


def _folds(per_class: int, folds: dict[str, Any]) -> int:
    table = make_table(train={f"train/{number}.png": number % 3 for number in range(3 * per_class)})
    return with_more_folds(parse_recipe(tiny_recipe({"folds": {"k": 5, **folds}})), table).folds.k


def test_the_usual_folds_become_more_where_classes_are_large_enough():
    assert _folds(LEAST_PER_CLASS, {}) == FOLDS
    assert _folds(LEAST_PER_CLASS, {"group": "near_duplicate"}) == FOLDS
    assert _folds(LEAST_PER_CLASS - 1, {}) == 5


@pytest.mark.parametrize(("groups", "k"), [(FOLDS - 1, 5), (FOLDS, FOLDS)])
def test_there_are_not_more_folds_than_groups(groups: int, k: int):
    rows = np.arange(3 * LEAST_PER_CLASS)
    names = [f"train/drawer{row % groups}-{row}.png" for row in rows]
    table = make_table(train={name: row % 3 for row, name in enumerate(names)})
    for group, known in (("near_duplicate", rows % groups), (r"name:^(drawer\d)", None)):
        recipe = parse_recipe(tiny_recipe({"folds": {"k": 5, "group": group}}))
        found = with_more_folds(recipe, table, known)
        assert found.folds.k == k
        assert len(planned_folds(found, table)) == k


@pytest.mark.parametrize("folds", [{"k": 4}, {"repeats": 2}, {"seed": 1}, {"train": [0]}, {"holdout": 0.2}])
def test_folds_that_the_user_has_set_are_kept(folds: dict[str, Any]):
    assert _folds(LEAST_PER_CLASS, folds) == folds.get("k", 5)
