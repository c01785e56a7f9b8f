"""What choosing a way of combining costs in an answer of a run with a deadline."""

from __future__ import annotations

from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table
from sketchfit.stages.context import RunState

MOST = 3e7
"""Probabilities that the choice inside each fold may use, about five seconds."""


def quick_choice(recipe: Recipe, state: RunState, table: Table) -> Recipe:
    """Return the recipe, without the estimate of what choosing the best method gives where that would take long.

    Choosing inside each fold combines the members once more for each pair of folds. Where it takes long there are many
    out-of-fold rows, and the best of three methods is hardly better than it seems.
    """
    folds = len(state.folds)
    if len(state.rows.label) * table.class_count * len(state.trained) * folds**2 <= MOST:
        return recipe
    ensemble = recipe.ensemble.model_copy(update={"honest_choice": False})
    return recipe.model_copy(update={"ensemble": ensemble})
