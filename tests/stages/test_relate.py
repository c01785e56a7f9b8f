"""What later stages know of the relation that the folds keep together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import RecipeError
from sketchfit.runs.table import TrainingRows, write_training_rows
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.relate import relate
from sketchfit.stages.split import check_students
from tests.factories import open_context, tiny_recipe

GROUP = np.repeat(np.arange(4), 2)


def opened(folder: Path, data: Path, group: str) -> tuple[RunContext, RunState]:
    recipe = load_recipe(tiny_recipe({"folds": {"group": group}}))
    context, members = open_context(folder, data, recipe)
    return context, RunState(members=members)


@pytest.mark.parametrize(
    ("group", "relation"),
    [
        ("none", "none"),
        ("near_duplicate", "near_duplicate"),
        ("auto", "near_duplicate"),
        ("name:(.)$", "name:(.)$ + near_duplicate"),
    ],
)
def test_the_relation_is_that_of_the_grouping(drawn: Path, tmp_path: Path, group: str, relation: str) -> None:
    context, state = opened(tmp_path, drawn, group)
    assert relate(context, state).relation == relation


def test_the_relation_of_groups_of_an_earlier_start_is_not_known(drawn: Path, tmp_path: Path) -> None:
    context, state = opened(tmp_path, drawn, "none")
    paths, label = context.table.train.paths, context.table.label
    group = np.arange(len(label)) // 2
    done = context.run.path / "members" / "a" / "fold0" / "done.json"
    done.parent.mkdir(parents=True)
    done.touch()
    write_training_rows(context.run.folds, TrainingRows(paths, label, group, group[None] % 2, group))
    related = relate(context, state)
    assert related.relation == ""
    assert related.group is not None
    assert related.group.tolist() == group.tolist()


def test_students_of_folds_that_separate_related_rows_are_refused_with_the_relation() -> None:
    folds = [Fold(0, np.arange(1, 8), np.arange(1))]
    recipe = load_recipe(tiny_recipe({"distill": {"enabled": True}}))
    with pytest.raises(RecipeError, match=r"distill: .* 1 row related to rows of fold 0 by drawer, and its student"):
        check_students(folds, GROUP, "drawer", recipe)
