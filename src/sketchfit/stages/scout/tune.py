"""Short fine-tuning of two options on the rows of one fold, and the decision between them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.data.store import Store
from sketchfit.inference.intervals import Difference, accuracy, paired_difference
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutFinalists
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.decide import decide
from sketchfit.stages.scout.measure import shortened
from sketchfit.stages.scout.rows import ScoutRows
from sketchfit.stages.scout.tried import Tried
from sketchfit.training.bank_member import member_units
from sketchfit.training.context import TrainingUnit
from sketchfit.wording import counted
from sketchfit.workers.start import unit_executor

log = logging.getLogger(__name__)

MOST_EPOCHS = 4
"""Longer fine-tuning changes the order of two backbones rarely, and a scout has little time."""

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Decision:
    """The result of the last round.

    Attributes:
        figures: of the finalists.
        difference: second finalist minus first; None where there is one finalist.
        chosen: the better one.
        reason: a sentence.
    """

    figures: tuple[OptionFigures, ...]
    difference: Difference | None
    chosen: OptionFigures
    reason: str


def epochs_that_fit(
    finalists: Sequence[OptionFigures], epochs: int, folds: int, budget: Budget, share: float = 1.0
) -> int:
    """Return for how many epochs both finalists can be fine-tuned on one fold in the time that is left; 0: for none.

    Args:
        finalists: whose `train_seconds` of all folds and epochs are known.
        epochs: of the recipe.
        folds: of the recipe.
        budget: the time.
        share: of the rows that the folds have.
    """
    per_epoch = share * sum((one.train_seconds or 0.0) / (epochs * folds) for one in finalists)
    most = min(MOST_EPOCHS, epochs)
    return next((count for count in range(most, 0, -1) if budget.allows(count * per_epoch)), 0)


def decide_finalists(
    context: RunContext, finalists: Sequence[tuple[Tried, Store]], rows: ScoutRows, budget: Budget
) -> Decision:
    """Fine-tune the finalists where there is time, and decide between them; otherwise their frozen features decide."""
    tried = [one for one, _ in finalists]
    figures = tuple(one.figures for one in tried)
    if len(tried) == 1:
        return Decision(figures, None, figures[0], f"{figures[0].name} is the only option that was measured")
    epochs = _recorded_epochs(context, figures, rows, budget)
    if epochs == 0:
        log.info("no time is left for fine-tuning: the frozen features decide")
        difference = paired_difference(tried[0].right, tried[1].right, rows.group_of(tried[0].rows))
        chosen, reason = decide(figures[0], figures[1], difference)
        return Decision(figures, difference, chosen, f"by frozen features alone, {reason}")
    fold = rows.folds[0]
    results = _tuned(context, finalists, fold, epochs)
    group = rows.group_of(np.sort(fold.valid))
    figures = tuple(
        one.figures.model_copy(
            update={"tuned_top1": accuracy(right, group), "tuned_epochs": epochs, "tuned_seconds": seconds}
        )
        for one, (right, seconds) in zip(tried, results, strict=True)
    )
    difference = paired_difference(results[0][0], results[1][0], group)
    chosen, reason = decide(figures[0], figures[1], difference)
    return Decision(figures, difference, chosen, f"after {counted(epochs, 'epoch')} of fine-tuning, {reason}")


def _recorded_epochs(context: RunContext, figures: Sequence[OptionFigures], rows: ScoutRows, budget: Budget) -> int:
    """Return the epochs of the fine-tuning: those that a scout with this time began with, or as many as fit."""
    path, names = context.run.path, tuple(one.name for one in figures)
    begun = ScoutFinalists.find(path)
    if begun is not None and (begun.names, begun.seconds) == (names, budget.seconds):
        return begun.epochs
    share = (len(rows.folds[0].train) + len(rows.folds[0].valid)) / len(context.table.label)
    epochs = epochs_that_fit(figures, context.recipe.training.epochs, len(rows.folds), budget, share)
    if epochs:
        ScoutFinalists(names=names, epochs=epochs, seconds=budget.seconds).write(path)
    return epochs


def _tuned(
    context: RunContext, finalists: Sequence[tuple[Tried, Store]], fold: Fold, epochs: int
) -> list[tuple[Right, float]]:
    """Fine-tune the finalists, with workers at the same time.

    Returns:
        Of each, whether each row of the fold is right, bool [n], and the seconds of the training.
    """
    with unit_executor(context, len(finalists)) as executor:
        units = [_unit(context, tried, store, fold, epochs) for tried, store in finalists]
        found = executor.train(units)
    results = []
    for (tried, _), one in zip(finalists, found, strict=True):
        order = np.argsort(one.rows)
        right: Right = one.oof[order].argmax(axis=1) == context.table.label[one.rows[order]]
        log.info(f"{tried.option.name}: {100 * right.mean():.1f} % right after {counted(epochs, 'epoch')}")
        results.append((right, one.seconds))
    return results


def _unit(context: RunContext, tried: Tried, store: Store, fold: Fold, epochs: int) -> TrainingUnit:
    """Return the training of a finalist on a fold in a separate folder."""
    folder = RunFolder(context.run.path / "finalists" / f"{tried.option.folder}-{epochs}")
    recipe = shortened(tried.option.recipe, epochs)
    none = replace(store, images=store.images[:0], paper=store.paper[:0], errors=())
    (unit,) = member_units(replace(context, run=folder, recipe=recipe), Member("tuned", recipe, store, none), [fold])
    return unit
