"""`sketchfit run`: from tables and images to a submission, in stages that each continue from what is on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sketchfit.activity import outlook
from sketchfit.config.load import load_recipe
from sketchfit.runs.create import has_same_networks, locked_run
from sketchfit.runs.folder import default_name
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


def run(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path | None = None,
    *,
    strict: bool = False,
    fresh: bool = False,
) -> RunResult:
    """Train on a data set, and write a submission and a report.

    Args:
        data: folder with the tables and images, or a table.
        recipe: name of a shipped recipe, path of a YAML file, or the settings themselves.
        overrides: `key=value` texts or a nested mapping, merged into the recipe.
        out: the run's folder; see `default_name`. The same command again continues where it stopped.
        strict: stop at an image that is missing or can't be read, as with `data.missing=error`.
        fresh: delete what the folder holds of an earlier run.

    Raises:
        UserError: a mistake in the recipe, the tables or the folder; all that were found.
    """
    settings = load_recipe(recipe, overrides)
    folder = Path(out) if out is not None else default_name(recipe, Path(data), overrides)
    if out is None and not folder.exists() and has_same_networks(plain := default_name(recipe, Path(data)), settings):
        log.warning(f"{plain} holds a run with the same training; --out {plain} continues it with these settings")
    with locked_run(folder, "run", fresh=fresh), supervised() as dispatcher, log_file() as lines:
        context = start_run(RunRequest(Path(data), settings, folder, strict, fresh), dispatcher)
        context.engine.on_main(lambda: lines.begin(context.run.log))
        with outlook(context.console.outlook.text):
            return made(run_stages(context, STAGES).result)


def run_stages(context: RunContext, stages: Iterable[TimedStage]) -> RunState:
    """Run the stages that the recipe includes, in order, and measure their time."""
    state = RunState()
    for one in stages:
        if one.wanted(context.recipe):
            with context.clock.measure(one.time) if one.time else nullcontext():
                state = one.stage(context, state)
    return state
