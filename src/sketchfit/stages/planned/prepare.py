"""What precedes the units of a run with a deadline: images, near-duplicates, folds, rates."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from sketchfit.candidates import find_candidates
from sketchfit.config.own_size import own_input_size
from sketchfit.config.recipe import Recipe
from sketchfit.planning.book import PlanBook
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import Backbone, Rung, ladder
from sketchfit.stages.audit import audit
from sketchfit.stages.bank import bank
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.decode import decode
from sketchfit.stages.planned.measure import measure_rates
from sketchfit.stages.planned.start import with_members
from sketchfit.stages.planned.work import RunWork
from sketchfit.stages.relate import relate
from sketchfit.stages.split import split

log = logging.getLogger(__name__)

DECODING = "decoding, images per second"
USUAL_DECODING = 600.0
"""Images per second, where the images were decoded by an earlier run."""

RELATIONS = "related rows are not tested; folds keep near-duplicates together"
RELATIONS_SHARE = 0.06
"""Of the time that testing related rows may take."""

RELATIONS_PER_IMAGE = 5e-3
"""Seconds."""

VIEWS_FROM = 300.0
"""Seconds of a run from which on test-time views of networks are tried."""


def prepare(context: RunContext, goal: Goal, book: PlanBook) -> RunWork:
    """Decode the images, make the folds, and measure rates.

    Raises:
        UserError: a mistake in the candidates, the images or the folds.
    """
    on_gpu = context.engine.device.type != "cpu"
    views = context.recipe.inference.views if book.plan.seconds >= VIEWS_FROM else ()
    rungs = ladder(backbones(context.recipe, goal), on_gpu, views)
    context = _bounded(context, book)
    state = _until_folds(context, rungs, book)
    decoding = 1 / book.plan.measurements.get(DECODING, USUAL_DECODING)
    rates = measure_rates(context, rungs, decoding, book.plan.seconds)
    for name, one in rates.items():
        at = {f"{name}, training at {one.size} px, images per second": 1 / one.training}
        at[f"{name}, prediction at {one.size} px, images per second"] = 1 / one.prediction
        book.change(measurements={**book.plan.measurements, **{key: round(rate, 1) for key, rate in at.items()}})
    return RunWork(context, state, rungs, rates, book)


def backbones(recipe: Recipe, goal: Goal) -> list[Backbone]:
    """Return the backbones that a run may use: the candidates, or the recipe's own."""
    if not goal.candidates:
        return [Backbone.of_recipe(recipe, own_input_size(recipe.model.backbone))]
    return [Backbone.of_candidate(one) for one in find_candidates(goal.candidates, goal.allow_noncommercial)]


def _bounded(context: RunContext, book: PlanBook) -> RunContext:
    """Leave the test of related rows out where it would take too long; the first decision is kept."""
    table, recipe = context.table, context.recipe
    open_choice = recipe.folds.group == "auto" and recipe.folds.column is None
    seconds = RELATIONS_PER_IMAGE * (len(table.train) + len(table.test))
    if not open_choice or (not book.plan.units and seconds <= RELATIONS_SHARE * book.plan.seconds):
        return context
    if not book.plan.units and RELATIONS not in book.plan.left_out:
        book.change(left_out=(*book.plan.left_out, RELATIONS))
        book.decide(RELATIONS)
    if RELATIONS not in book.plan.left_out:
        return context
    folds = recipe.folds.model_copy(update={"group": "near_duplicate"})
    return replace(context, recipe=recipe.model_copy(update={"folds": folds}))


def _until_folds(context: RunContext, rungs: Sequence[Rung], book: PlanBook) -> RunState:
    """Run the stages up to the folds with the member of the first answer."""
    first = rungs[0]
    own = replace(context, recipe=with_members(context.recipe, {first.name: first.settings}))
    began, state = time.monotonic(), RunState()
    with context.clock.measure("decoding"):
        state = decode(own, state)
    images = len(context.table.train) + len(context.table.test)
    if next(iter(state.members.values())).train.built:
        rate = round(images / (time.monotonic() - began), 1)
        book.change(measurements={**book.plan.measurements, DECODING: rate})
    with context.clock.measure("audit"):
        state = audit(own, state)
    if RELATIONS not in book.plan.left_out:
        with context.clock.measure("relations"):
            state = relate(own, bank(own, state))
    return split(own, state)
