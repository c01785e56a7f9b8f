"""What precedes the units of a run with a deadline: images, near-duplicates, folds, rates."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sketchfit.candidates import find_candidates
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.own_size import own_input_size
from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.errors import UserError
from sketchfit.models.hub import has_cached_weights
from sketchfit.models.near_sizes import takes_size
from sketchfit.planning.book import PlanBook
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import PlannedBackbone, Rung, ladder
from sketchfit.processors import OtherLoad, cores
from sketchfit.runs.artefacts import RunPlan
from sketchfit.stages.audit import audit
from sketchfit.stages.bank import bank
from sketchfit.stages.check import check_weights
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.decode import decode
from sketchfit.stages.planned import adapt
from sketchfit.stages.planned.first_space import check_first_space
from sketchfit.stages.planned.measure import DECODING
from sketchfit.stages.planned.more_folds import FOLDS, with_more_folds
from sketchfit.stages.planned.sample_head import FEW, Sampler
from sketchfit.stages.planned.start import member_of, with_members
from sketchfit.stages.planned.work import RunWork
from sketchfit.stages.relate import relate
from sketchfit.stages.split import split
from sketchfit.temporary import temporary_folder
from sketchfit.training.doubt import doubt_of
from sketchfit.wording import duration

log = logging.getLogger(__name__)

RELATIONS = "related rows are not tested; folds keep near-duplicates together"
RELATIONS_SHARE = 0.06
"""Of the time that testing related rows may take."""

RELATIONS_PER_IMAGE = 5e-3
"""Seconds."""

AUDIT_PER_IMAGE = 2e-3
"""Seconds of a complete audit."""

AUDIT_SHARE = 0.02
"""Of the time that a complete audit may take; else only near-duplicates are found."""

REPORT_FROM = 5400.0
"""Seconds of a run from which on its report has what networks compute."""

SIMULATED_FROM = 5400.0
"""Seconds of a run from which on the claim simulates shifts."""

VIEWS_FROM = 300.0
"""Seconds of a run from which on test-time views of networks are tried, and mirror images for frozen features."""

SAMPLED_FROM = 20 * FEW
"""Images from which on decoding is timed in advance: that takes a twentieth of it."""


def prepare(context: RunContext, goal: Goal, book: PlanBook) -> RunWork:
    """Decode the images and make the folds.

    Raises:
        UserError: a mistake in the candidates, the images or the folds, or no space on disk.
    """
    rungs = _checked_rungs(context, goal, book.plan.seconds, book.plan)
    check_first_space(context, rungs)
    context = bounded(context, book)
    state = _until_groups(context, rungs[0], book)
    context = _for_groups(context, state)
    state = split(_with_first(context, rungs[0]), state)
    work = RunWork(context, state, rungs, book)
    work.write_recipe()
    return work


def rungs_of(context: RunContext, goal: Goal, seconds: float) -> tuple[Rung, ...]:
    """Return the members that a run of so many seconds may have, that of the first answer first.

    Raises:
        UserError: a mistake in the candidates.
    """
    on_gpu, long = context.engine.device.type != "cpu", seconds >= VIEWS_FROM
    views = context.recipe.inference.views if long else ()
    found, seed = backbones(context.recipe, goal), context.recipe.seed
    images = len(context.table.train) + len(context.table.test)
    rungs = ladder(found, on_gpu=on_gpu, views=views, mirrored=long, seed=seed, images=images)
    recipe, device = context.recipe, context.engine.device
    if device.type == "cpu":
        rungs = tuple(adapt.on_cpu(rung, recipe) for rung in rungs)
    if goal.candidates and device.type == "cuda":
        rungs = tuple(adapt.on_gpu(rung, recipe, device, seconds) for rung in rungs)
    if goal.candidates:  # the recipe is for its own backbone
        rungs = tuple(adapt.for_kind(rung, recipe) for rung in rungs)
    return _with_first_that_computes(rungs, context)


def _with_first_that_computes(rungs: Sequence[Rung], context: RunContext) -> tuple[Rung, ...]:
    """Return the members, the first one that computes at its size before the others: it gives the first answer."""
    for place, rung in enumerate(rungs):
        if rung.kind == "bank":
            if rung.size == rung.backbone.size or takes_size(first_recipe(context, rung).model, rung.size):
                return (rung, *rungs[:place], *rungs[place + 1 :])
            log.info(f"{rung.backbone.name} does not compute at {rung.size} pixels")
    return tuple(rungs)


def check_goal(context: RunContext, goal: Goal, plan: RunPlan | None) -> None:
    """Check the candidates, the settings of the members that they give, and the weights of the first one.

    Args:
        context: of the run.
        goal: with its time.
        plan: of the folder, which may have a first answer; None: there is none.

    Raises:
        UserError: a mistake in them.
    """
    _checked_rungs(context, goal, goal.seconds, plan)


def _checked_rungs(context: RunContext, goal: Goal, seconds: float, plan: RunPlan | None) -> tuple[Rung, ...]:
    """Return the members that a run of so many seconds may have; arguments and errors: `check_goal`."""
    rungs = rungs_of(context, goal, seconds)
    check_members(context.recipe, rungs)
    if plan is None or not plan.answers:
        check_first_weights(context, rungs[0])
    return rungs


def backbones(recipe: Recipe, goal: Goal) -> list[PlannedBackbone]:
    """Return the backbones that a run may use: the candidates, or the recipe's own."""
    if not goal.candidates:
        return [PlannedBackbone.of_recipe(recipe, own_input_size(recipe.model.backbone))]
    return [PlannedBackbone.of_candidate(one) for one in find_candidates(goal.candidates, goal.allow_noncommercial)]


def check_members(recipe: Recipe, rungs: Sequence[Rung]) -> None:
    """Check that the settings of the members do not contradict those of the recipe, by one member of each kind.

    Raises:
        UserError: they do.
    """
    one_each = {rung.kind: rung for rung in rungs}
    members = {rung.name: rung.settings for rung in one_each.values()}
    load_recipe(with_members(recipe, members).model_dump(mode="json"))


def first_recipe(context: RunContext, first: Rung) -> Recipe:
    """Return the recipe of the member of the first answer."""
    return member_of(context.recipe, first.settings, first.name)


def check_first_weights(context: RunContext, first: Rung) -> None:
    """Check that the weights of the first answer are at hand, and have not learnt from the rows.

    Raises:
        UserError: they are not, or have.
    """
    recipe = first_recipe(context, first)
    model = recipe.model
    if model.pretrained and model.weights is None and not has_cached_weights(model):
        log.info(f"the weights of {model.backbone} will be downloaded")
    check_weights(recipe, context.table)


def bounded(context: RunContext, book: PlanBook) -> RunContext:
    """Make the stages around the units cheap where they would take too long; the first decision is kept."""
    table, recipe, seconds = context.table, context.recipe, book.plan.seconds
    images = len(table.train) + len(table.test)
    changes: dict[str, Any] = {}
    if AUDIT_PER_IMAGE * images > AUDIT_SHARE * seconds:
        changes["audit"] = {"detail": "copies"}
    if seconds < REPORT_FROM:
        changes["report"] = {"robustness": 0, "embedding": 0, "attribution": 0}
    if seconds < SIMULATED_FROM:
        changes["claim"] = {"simulated": 0}
    open_choice = recipe.folds.group == "auto" and recipe.folds.column is None
    too_long = RELATIONS_PER_IMAGE * images > RELATIONS_SHARE * seconds
    if open_choice and too_long and not book.plan.units and RELATIONS not in book.plan.left_out:
        book.change(left_out=(*book.plan.left_out, RELATIONS))
        book.decide(RELATIONS)
    if open_choice and RELATIONS in book.plan.left_out:
        changes["folds"] = {"group": "near_duplicate"}
    return replace(context, recipe=parse_recipe(merge(recipe.model_dump(mode="json"), changes)))


def _with_first(context: RunContext, first: Rung) -> RunContext:
    """Return the context whose recipe has the member of the first answer."""
    return replace(context, recipe=with_members(context.recipe, {first.name: first.settings}))


def _for_groups(context: RunContext, state: RunState) -> RunContext:
    """Return the context with more folds than usual, where the groups that they keep together allow it."""
    (first,) = state.members.values()
    group = None if state.group is None else state.group[first.train.readable]
    recipe = with_more_folds(context.recipe, context.table, group)
    if recipe.folds.k != context.recipe.folds.k:
        log.info(f"{FOLDS} folds in place of {context.recipe.folds.k}, so that each network learns from more images")
    return replace(context, recipe=recipe)


def _until_groups(context: RunContext, first: Rung, book: PlanBook) -> RunState:
    """Run the stages before the folds with the member of the first answer; relations are tested for the usual folds."""
    own = _with_first(context, first)
    _warn_of_slow_decoding(own, first, book)
    began, state, load = time.monotonic(), RunState(), OtherLoad()
    with context.clock.measure("decoding"):
        state = decode(own, state)
        if next(iter(state.members.values())).train.built:
            images = len(context.table.train) + len(context.table.test)
            _keep_rate(book, images / (time.monotonic() - began), load)
        elif book.measured(DECODING) is None:
            _time_sample(context, first, book)
    with context.clock.measure("audit"):
        state = audit(own, state)
    if RELATIONS not in book.plan.left_out:
        with context.clock.measure("relations"):
            state = relate(own, bank(own, state))
    return state


def _warn_of_slow_decoding(context: RunContext, first: Rung, book: PlanBook) -> None:
    """Print a warning where decoding takes longer than the time that is left; a few images show how fast it is."""
    images, recipe = len(context.table.train) + len(context.table.test), first_recipe(context, first)
    if images < SAMPLED_FROM or is_stored(cache_folder(recipe), store_settings(recipe), len(context.table.train)):
        return
    rate, left = _sampled_rate(context, first), book.deadline.until(1.0)
    if rate is not None and (seconds := images / rate) > left:
        log.warning(
            f"the time is too short: decoding {images:,} images takes about {duration(seconds)}, and "
            f"{duration(max(0.0, left))} are left; the run will end late, with its first answer"
        )


def _time_sample(context: RunContext, first: Rung, book: PlanBook) -> None:
    """Time the decoding of a few images, where those of the first size are stored: further sizes need it."""
    load = OtherLoad()
    if (rate := _sampled_rate(context, first)) is not None:
        _keep_rate(book, rate, load)


def _sampled_rate(context: RunContext, first: Rung) -> float | None:
    """Return the images per second in which a few are decoded; None where they cannot be."""
    try:
        with temporary_folder() as cache:
            return Sampler(context, first, cache).decoding_rate()
    except (UserError, OSError) as error:
        log.info(f"note: decoding is not timed: {error}")
        return None


def _keep_rate(book: PlanBook, images_per_second: float, load: OtherLoad) -> None:
    """Record the speed of decoding, or use it in this process only where others disturb it."""
    rate = round(images_per_second, 1)
    if doubt := doubt_of(0.0, load.cores(), cores()):
        log.info(f"decoding took {rate:,.1f} images per second, which is not recorded: {doubt}")
        book.unsure[DECODING] = rate
    else:
        book.change(measurements={**book.plan.measurements, DECODING: rate})
