"""Refuses weights that have learnt from the rows on which their own further training is validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.fold_weights import FOLD, at_fold, has_fold_weights
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.table import Table
from sketchfit.errors import RecipeError
from sketchfit.inference.pseudo_labels import Teacher, leaked_rows
from sketchfit.models.learnt_rows import learnt_by
from sketchfit.training.context import RunContext
from sketchfit.wording import listed

SHOWN = 3
"""Images that a message names."""

HINT = (
    "Start each fold from the network that has not learnt from its rows: write {fold} in model.weights, as in "
    "model.weights=RUN/members/NAME/fold{fold}/model.safetensors, with the folds of that run (the same data, folds.k, "
    "folds.seed, seed and folds.group; `audit/relations.json` of that run names the grouping that was chosen). Or give "
    "weights that were not trained on these rows."
)


def check_start_weights(
    context: RunContext,
    recipes: Mapping[str, Recipe],
    folds: Sequence[Fold],
    group: NDArray[np.int64] | None,
    relation: str,
) -> None:
    """Check the weights of all networks that will be trained.

    Args:
        context: of the run.
        recipes: of the members and the student, by name.
        folds: those that will be trained.
        group: int64 [N], related rows share a number; None where none are known.
        relation: what relates them, as in `folds.group`; empty: it is not known.

    Raises:
        UserError: a file of weights has learnt from rows of a fold that it is validated on, or from related rows.
    """
    problems: dict[str, None] = {}
    count = len(context.table.train)
    for recipe in recipes.values():
        for fold in folds:
            weights = at_fold(recipe, fold.number).model.weights if recipe.model.pretrained else None
            learnt = learnt_by(weights)
            if learnt is None or not len(fold.valid):
                continue
            known = np.flatnonzero(np.isin(context.row_ids[:count], learnt))
            teacher = Teacher(f"model.weights: {weights}", known)
            held_out = fold.held_out(count)
            problems |= dict.fromkeys(leaked_rows([teacher], fold.number, held_out, group, relation))
    if problems:
        raise RecipeError(list(problems), HINT)


def check_before_decoding(recipe: Recipe, table: Table, ids: NDArray[np.uint64]) -> None:
    """Refuse what no folds could make right: one file for all folds, that has learnt from rows of the table.

    Args:
        recipe: of the run.
        table: checked tables.
        ids: uint64 [N], `content_ids` of the training images.

    Raises:
        UserError: there is such a file.
    """
    every_row_is_validated = recipe.folds.holdout is None and recipe.folds.column is None and not recipe.folds.train
    problems = list(_learnt_rows(recipe, table, ids)) if every_row_is_validated else []
    if problems:
        raise RecipeError(list(dict.fromkeys(problems)), HINT)


def learnt_from(recipe: Recipe, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the rows of a table that the weights of a member have learnt from; none for weights per fold.

    Args:
        recipe: of the member.
        ids: uint64 [N], `content_ids` of the rows.
    """
    own = has_fold_weights(recipe) or not recipe.model.pretrained
    learnt = None if own else learnt_by(recipe.model.weights)
    return np.zeros(0, np.int64) if learnt is None else np.flatnonzero(np.isin(ids, learnt))


def why_no_features(recipe: Recipe, context: RunContext) -> str:
    """Return why the frozen features of a member would not be those of new images, one clause; empty if they would."""
    if has_fold_weights(recipe):
        return f"model.weights names a file per fold ({FOLD})"
    if recipe.model.weights is None:
        return ""
    rows = learnt_from(recipe, context.row_ids[: len(context.table.train)])
    return f"model.weights has learnt from {len(rows):,} of the training images" if len(rows) else ""


def _learnt_rows(recipe: Recipe, table: Table, ids: NDArray[np.uint64]) -> Iterator[str]:
    for member in member_recipes(recipe).values():
        rows = learnt_from(member, ids)
        if len(rows):
            named = listed([table.train.paths[row] for row in rows[:SHOWN]])
            yield (
                f"model.weights: {member.model.weights} has learnt from {len(rows):,} of the {len(ids):,} training "
                f"images, which the folds are validated on ({named}, …)"
            )
