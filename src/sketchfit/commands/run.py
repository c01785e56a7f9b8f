"""`sketchfit run`: from tables and images to a submission, in stages that each continue from what is on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from sketchfit.activity import outlook
from sketchfit.commands.request import DataRequest
from sketchfit.data.picture_processes import picture_processes_ended
from sketchfit.runs.create import has_same_networks, locked_run
from sketchfit.runs.folder import default_name
from sketchfit.runs.large_arrays import large_arrays_in
from sketchfit.shell import quoted
from sketchfit.stages.apply_views import apply_views
from sketchfit.stages.audit import audit
from sketchfit.stages.bank import bank
from sketchfit.stages.build_soups import build_soups
from sketchfit.stages.calibrate import calibrate
from sketchfit.stages.callbacks import report_outcome
from sketchfit.stages.claim import claim
from sketchfit.stages.combine import combine
from sketchfit.stages.context import RunContext, RunState, TimedStage, made
from sketchfit.stages.decode import decode
from sketchfit.stages.directions import directions
from sketchfit.stages.distill import distill
from sketchfit.stages.finish import finish
from sketchfit.stages.prior import correct_prior
from sketchfit.stages.products import RunResult
from sketchfit.stages.pseudo_label import pseudo_label
from sketchfit.stages.refit import refit
from sketchfit.stages.relate import relate
from sketchfit.stages.report import report
from sketchfit.stages.split import split
from sketchfit.stages.start import RunRequest, start_run
from sketchfit.stages.submit import submit
from sketchfit.stages.summarise import summarise
from sketchfit.stages.train import train
from sketchfit.stages.write_predictions import write_predictions
from sketchfit.tracking.log_file import log_file
from sketchfit.tracking.supervise import supervised
from sketchfit.workers.start import check_workers, unit_executor

if TYPE_CHECKING:
    from sketchfit.planning.goal import Goal

log = logging.getLogger(__name__)

STAGES = (
    TimedStage(decode, "decoding"),
    TimedStage(audit, "audit"),
    TimedStage(bank, "frozen features", lambda recipe: recipe.claim.enabled),
    TimedStage(relate, "relations"),
    TimedStage(directions, "directions"),
    TimedStage(split, "folds"),
    TimedStage(train, "training"),
    TimedStage(pseudo_label, "inference", lambda recipe: recipe.pseudo_label.enabled),
    TimedStage(build_soups, "inference", lambda recipe: recipe.soup.members != "none" or recipe.soup.folds),
    TimedStage(apply_views, "inference"),
    TimedStage(refit, "inference", lambda recipe: recipe.refit.enabled),
    TimedStage(combine, "inference"),
    TimedStage(calibrate, "inference"),
    TimedStage(correct_prior, "inference"),
    TimedStage(write_predictions, "inference"),
    TimedStage(claim, "claim", lambda recipe: recipe.claim.enabled),
    TimedStage(submit),
    TimedStage(distill, "distillation", lambda recipe: recipe.distill.enabled),
    TimedStage(summarise),
    TimedStage(finish),
    TimedStage(report, wanted=lambda recipe: recipe.report.enabled),
    TimedStage(report_outcome),
)
"""A run, after its tables are read and its folder is open."""


def run(request: DataRequest, goal: Goal | None = None, *, strict: bool = False, fresh: bool = False) -> RunResult:
    """Train on a data set, and write a submission and a report; arguments and errors: `sketchfit.run`.

    Args:
        request: data and recipe; its folder is by default `default_name`, with a deadline `planned_folder`.
        goal: of a run with a deadline; None: the recipe is trained as it is.
        strict, fresh: as for `sketchfit.run`.
    """
    request = request.resolved(candidates=goal is not None and bool(goal.candidates))
    if goal is not None:
        from sketchfit.commands.run_in_time import run_in_time  # imports the planner

        return run_in_time(request, goal, strict=strict, fresh=fresh)
    settings, plain = request.checked_recipe(), default_name(request.recipe, request.data)
    folder = request.out or default_name(request.recipe, request.data, request.changes)
    if request.out is None and not folder.exists() and has_same_networks(plain, settings):
        log.warning(
            f"{plain} holds a run with the same training; --out {quoted(str(plain))} continues it with these settings"
        )
    check_workers(settings.compute)
    locked = locked_run(folder, "run", fresh=fresh)
    with locked, supervised() as dispatcher, log_file() as lines, picture_processes_ended():
        context = start_run(RunRequest(request.data, settings, folder, strict, fresh), dispatcher)
        context.engine.on_main(lambda: lines.begin(context.run.log))
        large = large_arrays_in(context.run.path)
        with large, outlook(context.console.outlook.text), unit_executor(context) as executor:
            return made(run_stages(replace(context, executor=executor), STAGES).result)


def run_stages(context: RunContext, stages: Iterable[TimedStage]) -> RunState:
    """Run the stages that the recipe includes, in order, and measure their time."""
    state = RunState()
    for one in stages:
        if one.wanted(context.recipe):
            with context.clock.measure(one.time) if one.time else nullcontext():
                state = one.stage(context, state)
    return state
