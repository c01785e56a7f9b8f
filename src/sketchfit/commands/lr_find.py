"""`sketchfit lr-find`: the learning-rate range test of a recipe on its own data, as a figure and a suggestion."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.commands.request import DataRequest
from sketchfit.config.fold_weights import at_any_fold
from sketchfit.config.parse import member_recipes
from sketchfit.data.stores import load_store
from sketchfit.disk import existing_folder
from sketchfit.errors import UserError
from sketchfit.files import output
from sketchfit.models.freezing import apply_freezing
from sketchfit.reporting.lr_range_chart import lr_range_chart
from sketchfit.stages.context import RunContext
from sketchfit.stages.start import open_tables
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.lr_range import broken, range_rates, smoothed, suggested_rate
from sketchfit.training.micro import Micro
from sketchfit.training.plan import make_plan
from sketchfit.training.schedules import apply_lr
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.training.trial import try_training
from sketchfit.verbosity import as_results

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RateRange:
    """The rates to try, for the last layers; those of other layers follow by their scales.

    Attributes:
        low, high: first and last rate.
        steps: number of updates.
    """

    low: float = 1e-6
    high: float = 1.0
    steps: int = 100


@dataclass(frozen=True)
class RangeTest:
    """A finished test: rates and losses of its updates, the smoothed losses, all float64 [n], and the suggestion."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    curve: NDArray[np.float64]
    suggested: float


def lr_find(request: DataRequest, rates: RateRange | None = None) -> RangeTest:
    """Raise the rate from update to update until the loss rises; nothing of the training is kept.

    Args:
        request: data and recipe of one member; `out` is the PNG, by default `lr-find.png`.
        rates: to try.

    Raises:
        UserError: a mistake in the recipe or the tables; a loss that never falls.
    """
    rates, request = rates or RateRange(), request.resolved()
    out = request.out or Path("lr-find.png")
    members = member_recipes(request.checked_recipe())
    if len(members) > 1:
        raise UserError(f"lr-find tries one network, and the recipe has {', '.join(members)}")
    if not 0 < rates.low < rates.high or rates.steps < 2:
        raise UserError(
            f"lr-find needs 0 < low < high and two steps, not {rates.low:g}, {rates.high:g} and {rates.steps}"
        )
    member = at_any_fold(next(iter(members.values())))
    if member.training.epochs == 0:
        raise UserError("lr-find trains a network, and the recipe has training.epochs=0", "Set 1 or more.")
    context = open_tables(request.data, member, out.parent, with_folds=False)
    try_training(member, context.table.class_count, context.engine.device, existing_folder(context.run.path))
    found = _range_test(context, rates)
    chart = lr_range_chart(found.rates, found.losses, found.curve, found.suggested, member.optimizer.lr)
    with output(out) as temporary:
        temporary.write_bytes(chart.png())
    with as_results():
        log.info(f"suggested: --set optimizer.lr={found.suggested:.2g}  (now {member.optimizer.lr:g}); {out}")
    return found


def _range_test(context: RunContext, wanted: RateRange) -> RangeTest:
    recipe, job = context.recipe, _job(context)
    state = start(job, context.engine, None)
    apply_freezing(state.model, state.freezing, 0, recipe.training.epochs)
    wrap(state, context.engine, recipe, compiled=False)
    rates = range_rates(wanted.low, wanted.high, wanted.steps)
    losses: list[float] = []
    with (
        context.console.bar("learning rates", len(rates)) as advance,
        closing(_endless(job, state, context.engine)) as batches,
    ):
        for number, rate in enumerate(rates):
            apply_lr(state.optimizer, float(rate) / recipe.optimizer.lr)
            micros = next(batches)
            loss, _ = update(state, micros, recipe, context.engine, number)
            losses.append(float(loss) / sum(len(micro.images) for micro in micros))
            advance(number + 1, f"{rate:.1e}")
            if broken(smoothed(np.array(losses))):
                break
    measured, curve = np.array(losses), smoothed(np.array(losses))
    tried = rates[: len(measured)]
    try:
        return RangeTest(tried, measured, curve, suggested_rate(tried, curve))
    except ValueError as error:
        raise UserError(f"lr-find: {error}", "Give a lower --low, or check the data and the loss.") from error


def _job(context: RunContext) -> FitJob:
    """Return a training on all readable rows."""
    table, recipe = context.table, context.recipe
    store = load_store(table, table.train, "training", recipe, context.console)
    rows = np.flatnonzero(store.readable)
    return FitJob(
        name="lr-find",
        recipe=recipe,
        store=store,
        label=table.label,
        class_count=table.class_count,
        train_rows=rows,
        valid_rows=rows[:0],
        folder=context.run.path,
        fingerprint="",
        seed=recipe.seed,
    )


def _endless(job: FitJob, state: TrainState, engine: Engine) -> Generator[list[Micro], None, None]:
    """Yield updates at the full image size, epoch after epoch."""
    full, epoch = make_plan(job.recipe, len(job.train_rows)).epochs[-1], 0
    loader = DataLoader(job, state.normalisation, engine)
    while True:
        yield from loader.updates(replace(full, epoch=epoch))
        epoch += 1
