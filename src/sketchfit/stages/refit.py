"""Refit: a member trained on all rows, for as many epochs as its folds found best, as one more network for new rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sketchfit.config.load import merge, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.inference.oof import Floats
from sketchfit.inference.views import SelectedViews
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.train import Inputs, fit_fold
from sketchfit.stages.views import answer_test
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine


def refit_name(member: str) -> str:
    """Folder of the network that was trained on all rows of a member."""
    return f"{member}+refit"


def best_epochs(run: RunFolder, member: str, folds: Sequence[Fold]) -> int:
    """The epoch, from 1, after which the folds' networks were right most often on average; of equals the first.

    Only epochs that every fold was validated after count; there is always the last one, unless folds stopped early at
    different epochs: then it is the median of their last ones.
    """
    histories = [pd.read_csv(run.fold(member, fold.number) / "history.csv") for fold in folds]
    curves = [one.set_index("epoch")["valid_accuracy"].dropna() for one in histories]
    mean = pd.concat(curves, axis=1, join="inner").mean(axis=1).sort_index()
    if mean.empty:
        return int(np.median([one["epoch"].max() for one in histories]))
    return int(mean.index[int(mean.to_numpy().argmax())])


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with so many epochs and the last weights; with the fewest above where its stages need more.

    Stages of `training.resize` are shares of the epochs, and in very few epochs one of them may be left without any.
    """
    for count in range(epochs, recipe.training.epochs + 1):
        over = {"training": {"epochs": count, "checkpoint": "last", "early_stopping": 0}}
        try:
            return parse_recipe(merge(recipe.model_dump(mode="json"), over), "the refit's recipe")
        except UserError:
            if count == recipe.training.epochs:
                raise
    raise ValueError(f"{epochs} epochs are more than the recipe's {recipe.training.epochs}")


def _why(shorter: Recipe, epochs: int) -> str:
    if shorter.training.epochs == epochs:
        return "as the folds found best"
    return f"the fewest that training.resize can be spread over (the folds found {epochs} best)"


def refit(
    run: RunFolder,
    member: str,
    recipe: Recipe,
    inputs: Inputs,
    folds: Sequence[Fold],
    views: SelectedViews | None,
    engine: Engine,
    console: Console,
) -> Floats:
    """Train the member on all rows of its folds, unless that is done; float32 [N_test, C] by the views it uses."""
    epochs = best_epochs(run, member, folds)
    shorter = shortened(recipe, epochs)
    rows = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.valid)]))
    everything = Fold(0, rows, rows[:0])
    count, why = shorter.training.epochs, _why(shorter, epochs)
    console.line(f"{refit_name(member)}: all {len(rows):,} rows, {count} epochs, {why}")
    result = fit_fold(run, refit_name(member), shorter, inputs, everything, engine, console)
    return answer_test(run, refit_name(member), shorter, inputs, everything, result, views, engine, console)
