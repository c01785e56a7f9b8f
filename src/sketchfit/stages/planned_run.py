"""The trainings of a run that has not started: kinds of networks, and the folds on which they are trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.student import student_of
from sketchfit.data.folds import Fold
from sketchfit.data.table import Table
from sketchfit.distillation.student import distilled_name
from sketchfit.runs.artefacts import DistilledStudent
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.relate import named_groups
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.stages.split import make_folds, trained_folds

MANY_ROWS = 100_000
"""Folds of more rows than this are made only once, after decoding: it takes seconds."""


@dataclass(frozen=True)
class PlannedRun:
    """A run or a fit that has not started.

    Attributes:
        recipe: of the run.
        folder: of the run; it need not exist, and nothing is written to it.
        kind: a `fit` has no folds and no stages after training.
        fresh: whether what the folder holds will be deleted.
    """

    recipe: Recipe
    folder: Path
    kind: Literal["run", "fit"] = "run"
    fresh: bool = False

    def networks(self, folds: Sequence[Fold]) -> Iterator[PlannedNetwork]:
        """Yield all kinds of networks with the number of their trainings that are left."""
        recipe, kinds = self.recipe, member_recipes(self.recipe)
        later = 0 if self.kind == "fit" else _later_trainings(recipe, folds)
        for name, own in kinds.items():
            left = self._left(name, folds)
            yield PlannedNetwork(name, own, left + later if left else 0, self.folder)
        if recipe.distill.enabled and self.kind == "run":
            student = student_of(recipe)
            name, stored = distilled_name(student.name), DistilledStudent.find(self.folder)
            same = stored is not None and stored.recipe == student.recipe.model_dump(mode="json")
            yield PlannedNetwork(name, student.recipe, self._left(name, folds) if same else len(folds), self.folder)

    def _left(self, name: str, folds: Sequence[Fold]) -> int:
        """Return how many networks of this name are not finished."""
        done = set() if self.fresh else {network.fold for network in RunFolder(self.folder).networks(name)}
        return sum(fold.number not in done for fold in folds)


def _later_trainings(recipe: Recipe, folds: Sequence[Fold]) -> int:
    """Return the trainings of a member after those of its folds: of students, and on all rows."""
    rounds = recipe.pseudo_label.rounds if recipe.pseudo_label.enabled else 0
    return rounds * len(folds) + recipe.refit.enabled


def planned_folds(recipe: Recipe, table: Table) -> tuple[Fold, ...]:
    """Return the folds that will be trained, as far as they are known before related rows are.

    Raises:
        UserError: columns that are not in the table, or folds that do not exist or have no rows.
    """
    group, rows = named_groups(recipe.folds, table), np.arange(len(table.train))
    if len(rows) > MANY_ROWS and group is None and recipe.folds.column is None:
        numbers = range(recipe.folds.count or 1) if recipe.folds.train is None else recipe.folds.train
        valid = rows[: round(len(rows) * (recipe.folds.holdout or 1 / recipe.folds.k))]
        return tuple(Fold(number, rows[len(valid) :], valid) for number in numbers)
    return trained_folds(make_folds(table, np.ones(len(rows), dtype=bool), group, recipe)[0], recipe)
