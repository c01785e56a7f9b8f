"""Weights per fold: `{fold}` in `model.weights` stands for the number of the fold that a network is validated on.

So a second training, for instance at a higher resolution, continues from networks that have not learnt from the rows
that they are validated on.
"""

from __future__ import annotations

from pathlib import Path

from sketchfit.config.recipe import Recipe

FOLD = "{fold}"
MOST = 2_000
"""Folds of all repeats."""


def has_fold_weights(recipe: Recipe) -> bool:
    """Return whether each fold starts from a separate file."""
    return recipe.model.pretrained and recipe.model.weights is not None and FOLD in recipe.model.weights


def at_fold(recipe: Recipe, fold: int) -> Recipe:
    """Return the recipe of the network of a fold, with the path of its weights."""
    if not has_fold_weights(recipe):
        return recipe
    weights = str(recipe.model.weights).replace(FOLD, str(fold))
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"weights": weights})})


def at_any_fold(recipe: Recipe) -> Recipe:
    """Return the recipe of the first fold whose file of weights exists, for what is equal in all folds."""
    if not has_fold_weights(recipe):
        return recipe
    each = (at_fold(recipe, fold) for fold in range(MOST))
    found = (one for one in each if Path(str(one.model.weights)).expanduser().is_file())
    return next(found, at_fold(recipe, 0))


def trained_folds(recipe: Recipe) -> tuple[int, ...]:
    """Return the folds that are trained, as far as the recipe alone gives them."""
    return recipe.folds.train or tuple(range(recipe.folds.count or 0))
