"""The start of a run with a deadline: tables, device, folder, plan."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sketchfit.config.overrides import merge
from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.data.folds import Fold
from sketchfit.data.table import run_state
from sketchfit.errors import Problems, RunError
from sketchfit.models.backbone import check_backbone
from sketchfit.planning.book import PlanBook
from sketchfit.planning.deadline import WorkingTime
from sketchfit.planning.goal import Goal
from sketchfit.planning.quality import TIMES, quality_seconds
from sketchfit.processors import cores
from sketchfit.runs.artefacts import RunClock, RunPlan
from sketchfit.runs.create import ELSEWHERE, check_folder, check_run_folder, open_run, write_facts
from sketchfit.runs.fingerprint import differing_keys
from sketchfit.runs.recipe import read_recipe
from sketchfit.runs.state import State
from sketchfit.stages.array_memory import PredictedRows, check_array_memory
from sketchfit.stages.callbacks import start_callbacks
from sketchfit.stages.context import RunContext
from sketchfit.stages.inputs import check_inputs, keep_inputs
from sketchfit.stages.planned.more_folds import with_more_folds
from sketchfit.stages.planned_run import planned_folds
from sketchfit.stages.start import RunRequest, open_tables
from sketchfit.stages.tables import print_table
from sketchfit.tracking.console import duration
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.wording import counted, listed

log = logging.getLogger(__name__)

BASE: Mapping[str, Any] = {
    "compute": {"autotune": False},
    "training": {"on_nan": "rewind"},
    "ensemble": {"method": "stacking", "compare": ["geometric"]},
}
"""Settings of runs with a deadline that differ from those of the recipe; `--set` changes them."""


@dataclass(frozen=True)
class PlannedStart:
    """A run with a deadline that is open.

    Attributes:
        context: with the recipe without members.
        book: its plan.
        complete: whether this request was answered by an earlier process.
        record: writes the rows and facts of the tables, where that waits until all checks have passed.
    """

    context: RunContext
    book: PlanBook
    complete: bool = False
    record: Callable[[], None] = lambda: None


Check = Callable[[RunContext, Goal, RunPlan | None], None]
"""Checks a request before anything is written: context, goal, and the plan of the folder (`prepare.check_goal`)."""


def start_planned(
    request: RunRequest,
    goal: Goal,
    dispatcher: Dispatcher,
    clock: Callable[[], float] = time.monotonic,
    check: Check = lambda *_: None,
) -> PlannedStart:
    """Read the tables, and open the run's folder with its plan.

    Where networks are trained already, the recipe and the facts of the tables are written only after the checks that
    follow (`prepare.prepare`, `PlannedStart.record`): of a run that is refused by them, only the plan has changed.

    Args:
        request: the run.
        goal: its time and candidates.
        dispatcher: to its callbacks.
        clock: seconds.
        check: is called before an earlier run is deleted, or anything of it is written.

    Raises:
        UserError: a mistake in the tables, the folder or the recipe, or a folder of another run.
    """
    began = clock() if goal.began is None else goal.began
    context = open_tables(request.data, request.settings, request.folder)
    print_table(context.table)
    if not request.fresh:
        check_folder(context.run, "run")
    plan = None if request.fresh else RunPlan.find(request.folder)
    goal = with_time(goal, context)
    if request.fresh or plan is not None:  # otherwise `prepare` checks it before anything is trained
        check(context, goal, plan)
    _check_memory(context, planned_folds(context.recipe, context.table))
    check_backbone(context.recipe.model.backbone)
    if not request.fresh:
        _check_same(context, plan)
    if plan is not None:
        RunClock.find(request.folder)  # a damaged one is an error before anything is written
    record = _opened(context, request, plan)
    context = replace(context, dispatcher=dispatcher)
    start_callbacks(context)
    book = _book(context, goal, plan, began, clock)
    return PlannedStart(context, book, complete=book.plan.finished_at is not None, record=record)


def _opened(context: RunContext, request: RunRequest, plan: RunPlan | None) -> Callable[[], None]:
    """Check the folder, and write its first files; return what writes them later where networks are trained already."""
    run, state = context.run, run_state(context.table, "run", request.data)
    recipe = with_members(context.recipe, plan.members) if plan else context.recipe
    stored = read_recipe(run.recipe) if plan and run.recipe.is_file() else recipe
    same_rows = not request.fresh and check_inputs(context)
    if plan is not None and run.has_training():
        check_run_folder(run, stored, state, same_rows)
        return lambda: _record(context, state)
    open_run(request.folder, stored, state, request.fresh, same_rows)
    keep_inputs(context)
    run.write_recipe(recipe)
    return lambda: None


def _record(context: RunContext, state: State) -> None:
    write_facts(context.run, state)
    keep_inputs(context)


def _check_memory(context: RunContext, folds: Sequence[Fold]) -> None:
    """Compare the memory that the probabilities of the first answer take with what the machine has.

    Raises:
        UserError: it has less in any case.
    """
    problems, recipe, table = Problems(), context.recipe, context.table
    held_out = sum(len(fold.valid) for fold in folds)
    claimed = -(-len(folds) // recipe.folds.repeats) if recipe.claim.enabled else 0
    rows = PredictedRows(held_out, len(table.test), table.class_count, members=1, folds=len(folds), claimed=claimed)
    found = check_array_memory(rows, problems)
    problems.stop()
    if found.note:
        log.info(found.note)


def with_time(goal: Goal, context: RunContext) -> Goal:
    """Return the goal with the time of its quality."""
    if goal.quality not in TIMES:
        return goal
    images, device = len(context.table.train) + len(context.table.test), context.engine.device
    seconds = quality_seconds(goal.quality, images, cores=cores(), on_gpu=device.type != "cpu")
    log.info(f"--quality {goal.quality}: {duration(seconds)} for {images:,} images on {device.type}")
    return replace(goal, seconds=seconds)


def _same_time(plan: RunPlan, goal: Goal) -> bool:
    if goal.ends is not None:
        return bool(plan.until) and datetime.fromisoformat(plan.until).timestamp() == goal.ends
    if goal.quality:  # its seconds are others on other cores
        return plan.quality == goal.quality
    return not plan.until and plan.requested == goal.seconds


def _same_candidates(plan: RunPlan, goal: Goal) -> bool:
    """Return whether the candidates are those of the plan, as far as these are known."""
    if plan.candidates is None:
        return True
    one, other = ({os.path.normpath(name) for name in names} for names in (plan.candidates, goal.candidates))
    return one == other


def with_members(base: Recipe, members: Mapping[str, Mapping[str, Any]]) -> Recipe:
    """Return the recipe with members, by their settings."""
    return parse_recipe(base.model_dump(mode="json") | {"members": {name: dict(one) for name, one in members.items()}})


def member_of(base: Recipe, settings: Mapping[str, Any], name: str) -> Recipe:
    """Return the recipe of a member, by its settings."""
    return parse_recipe(merge(base.model_dump(mode="json", exclude={"members"}), settings), f"members.{name}")


def _check_same(context: RunContext, plan: RunPlan | None) -> None:
    """Refuse a folder whose networks were trained by other settings, or without a plan."""
    run = context.run
    if plan is None:
        if run.has_training():
            raise RunError(f"{run.path} holds a run without a deadline", ELSEWHERE)
        return
    old, recipe = training_settings(plan.base), context.recipe
    usual, more = (  # earlier versions wrote the number of folds with the base
        differing_keys(old, training_settings(_plain(one))) for one in (recipe, with_more_folds(recipe, context.table))
    )
    if plan.members and usual and more:
        raise RunError(
            [f"{run.path} holds a run with another {key}: {a!r} there, {b!r} now" for key, a, b in usual], ELSEWHERE
        )


def _book(context: RunContext, goal: Goal, plan: RunPlan | None, began: float, clock: Callable[[], float]) -> PlanBook:
    """Return the plan with its deadline: the same request continues, another one has its time in addition."""
    run = context.run
    known = RunClock.find(run.path) if plan else None
    used = known.used if known else 0.0
    request: dict[str, Any] = {
        "request_seconds": goal.seconds,
        "until": goal.until,
        "candidates": goal.candidates,
        "quality": goal.quality,
        "seconds": _end_of(goal, plan, used, now=used + clock() - began),
    }
    deadline = WorkingTime(request["seconds"], used, began, clock, goal.ends)
    if plan is None:
        book = PlanBook(run.path, RunPlan(**request, base=_plain(context.recipe)), deadline)
        book.change()
        return book
    book = PlanBook(run.path, plan, deadline)
    base = plan.base if plan.members else _plain(context.recipe)
    book.change(**request, base=base, finished_at=plan.finished_at if _is_answered(plan, goal) else None)
    if not _same_candidates(plan, goal):
        book.decide(f"plans again for other candidates: {listed(goal.candidates) or 'the backbone of the recipe'}")
    done, left = len(book.units("done")), max(0.0, book.deadline.until(1.0))
    book.decide(f"continues with {counted(done, 'finished unit')}; {left:.0f} s are left")
    return book


def _end_of(goal: Goal, plan: RunPlan | None, used: float, now: float) -> float:
    """Return the working time at which the run must end; `used` is that of earlier processes, `now` of this one too."""
    if plan is not None and _is_answered(plan, goal):
        return plan.seconds
    if goal.until:  # the pause counts
        return now + goal.seconds_left(datetime.now())
    if plan is not None and plan.finished_at is None and _same_time(plan, goal):
        return plan.seconds
    return used + goal.seconds


def _is_answered(plan: RunPlan, goal: Goal) -> bool:
    return plan.finished_at is not None and _same_time(plan, goal) and _same_candidates(plan, goal)


def _plain(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json")
