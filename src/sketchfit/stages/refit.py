"""Refit: a member trained on all rows, for as many epochs as its folds found best, as one more network for new rows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sketchfit.config.overrides import merge
from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold, all_rows
from sketchfit.errors import UserError
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.apply_views import predict_test
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.training.bank_member import train_members
from sketchfit.wording import counted

log = logging.getLogger(__name__)


def refit(context: RunContext, state: RunState) -> RunState:
    """Train each source's member on all rows, and predict the test rows by the views that it uses."""
    if not len(context.table.test):
        return state
    fold = all_rows(state.folds)
    members = [refit_of(context, source.member, state.folds) for source in state.sources.values()]
    results = train_members(context, members, [fold])
    refits = {
        name: predict_test(context, member, fold, result, state.predictions[name].views)
        for name, member, (result,) in zip(state.sources, members, results, strict=True)
    }
    return replace(state, refits=refits)


def refit_of(context: RunContext, member: Member, folds: Sequence[Fold]) -> Member:
    """Return the member that is trained on all rows of the folds, for as many epochs as they found best."""
    trained = member.recipe.training.epochs > 0  # else a head in closed form is fitted, and there is no history
    epochs = best_epochs(context.run, member.name, folds) if trained else 0
    one = replace(member, name=refit_name(member.name), recipe=shortened(member.recipe, epochs))
    used = one.recipe.training.epochs
    rows = counted(len(all_rows(folds).train), "row")
    log.info(f"{one.name}: all {rows}, {counted(used, 'epoch')}, {_reason(used, epochs)}")
    return one


def refit_name(member: str) -> str:
    """Return the folder of a member's network that was trained on all rows."""
    return f"{member}+refit"


def best_epochs(run: RunFolder, member: str, folds: Sequence[Fold]) -> int:
    """Return the epoch, from 1, with the highest validation accuracy on average over folds; of equals the first.

    Only epochs after which every fold was validated count. The last one always does, unless folds stopped early at
    different epochs: then the result is the median of their last epochs.
    """
    histories = [run.network(member, fold.number).history() for fold in folds]
    curves = [one.set_index("epoch")["valid_accuracy"].dropna() for one in histories]
    mean = pd.concat(curves, axis=1, join="inner").mean(axis=1).sort_index()
    if mean.empty:
        return int(np.median([one["epoch"].max() for one in histories]))
    return int(mean.index[int(mean.to_numpy().argmax())])


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe with so many epochs and the last weights; with more epochs where its stages need them.

    Stages of `training.resize` are shares of the epochs: in very few epochs one of them may be left without any.
    """
    for count in range(epochs, recipe.training.epochs + 1):
        over = {"training": {"epochs": count, "checkpoint": "last", "early_stopping": 0}}
        try:
            return parse_recipe(merge(recipe.model_dump(mode="json"), over), "the refit's recipe")
        except UserError:
            if count == recipe.training.epochs:
                raise
    raise ValueError(f"{epochs} epochs are more than the recipe's {recipe.training.epochs}")


def _reason(used: int, epochs: int) -> str:
    if used == epochs:
        return "as the folds found best"
    return f"the fewest over which training.resize can be spread (the folds found {epochs} best)"
