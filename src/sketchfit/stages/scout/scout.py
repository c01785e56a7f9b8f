"""The scout: measure, compare frozen features, fine-tune the best two, choose one, write the record and the recipe."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sketchfit.candidates import BackboneCandidate
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import load_store, store_settings
from sketchfit.data.table import fingerprint
from sketchfit.errors import UserError
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutRecord, ScoutSample
from sketchfit.runs.fingerprint import digest
from sketchfit.stages.context import RunContext
from sketchfit.stages.scout.bank_accuracy import head_seconds
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.decide import finalists
from sketchfit.stages.scout.measure import TrialCost, measure
from sketchfit.stages.scout.options import Option, make_options
from sketchfit.stages.scout.rows import scout_rows
from sketchfit.stages.scout.sample import LEAST_ROWS, rows_that_fit, sample_rows
from sketchfit.stages.scout.search import ScoutSearch, cheapest
from sketchfit.stages.scout.tried import TriedFolder
from sketchfit.stages.scout.tune import Decision, decide_finalists
from sketchfit.training.measured_rates import cpu_name
from sketchfit.wording import counted

log = logging.getLogger(__name__)

MOST_ROWS = 8_000
"""Rows of a kernel head of a scout: its time grows with the cube of their number."""

FIRST_SHARE = 0.25
"""Share of the time in which all candidates are tried at their smallest size."""


@dataclass(frozen=True)
class ScoutRequest:
    """What to compare, and in which time.

    Attributes:
        candidates: backbones.
        budget: the time for all of it.
        sizes: of the input in pixels; by default some of each candidate's own.
        run_seconds: longest training time of a run with the chosen option; None: any.
    """

    candidates: Sequence[BackboneCandidate]
    budget: Budget
    sizes: Sequence[int] = ()
    run_seconds: float | None = None


def scout(context: RunContext, request: ScoutRequest) -> tuple[ScoutRecord, Recipe]:
    """Find the backbone and input size that suit the data, and write `scout.json` and the recipe of a run.

    Args:
        context: of the scout; its recipe is the base.
        request: what to compare.

    Returns:
        What was measured, and the recipe of the chosen option.

    Raises:
        UserError: the recipe or the folds contradict the data, or no option can be measured.
    """
    ladders = make_options(context.recipe, request.candidates, request.sizes)
    log.info(
        f"{counted(len(ladders), 'candidate')}, {counted(sum(map(len, ladders)), 'option')} with their input sizes"
    )
    search = _prepared(context, request, ladders)
    tried = search.search(ladders)
    best = finalists([one.figures for one in tried.values() if not one.figures.left_out])
    if not best:
        reasons = [f"{one.figures.name}: {one.figures.left_out}" for one in tried.values()]
        raise UserError(["scout: no option could be measured", *reasons], "Give more --time, or other --candidates.")
    pairs = [(tried[one.name], search.stores[store_settings(tried[one.name].option.recipe)]) for one in best]
    decision = decide_finalists(context, pairs, search.rows, request.budget)
    tuned = {one.name: one for one in decision.figures}
    options = tuple(tuned.get(name, one.figures) for name, one in tried.items())
    record = _record(context, request.budget, options, decision)
    context.run.write(record)
    recipe = tried[decision.chosen.name].option.recipe
    context.run.write_recipe(recipe)
    return record, recipe


def _prepared(context: RunContext, request: ScoutRequest, ladders: Sequence[Sequence[Option]]) -> ScoutSearch:
    """Return a search with its rows, of which there are as many as let every candidate be tried in the time."""
    smallest = [ladder[0] for ladder in ladders]
    one, budget = cheapest(smallest), request.budget
    store = load_store(context.table, context.table.train, "training", one.recipe, context.console)
    rows = scout_rows(context, store)
    key = digest(fingerprint(context.table), [option.name for option in smallest], budget.seconds)
    known, costs = ScoutSample.find(context.run.path), dict[str, TrialCost]()
    if known is None or known.key != key:
        count = LEAST_ROWS
        try:
            cost = costs[one.name] = measure(context, one, rows, repeat=True)
            count = _count(len(rows.sample), cost, one, smallest, budget)
        except UserError:
            log.info(f"{one.name} cannot be measured: {LEAST_ROWS} rows are compared")  # the search states why
        known = ScoutSample(key=key, rows=count)
        context.run.write(known)
    sample = sample_rows(context.table.label, rows.sample, known.rows, context.recipe.seed)
    if len(sample) < len(rows.sample):
        classes = len(np.unique(context.table.label[sample]))
        log.info(f"options are compared on {len(sample):,} of {len(rows.sample):,} images, of {classes:,} classes")
    rows = replace(rows, sample=sample)
    stores = {store_settings(one.recipe): store}
    folder = TriedFolder.of(context, rows)
    return ScoutSearch(context, rows, folder, budget, request.run_seconds, stores=stores, costs=costs)


def _count(rows: int, cost: TrialCost, one: Option, smallest: Sequence[Option], budget: Budget) -> int:
    """Return how many rows are compared: all candidates are tried at their smallest size in a share of the time."""
    multiplications = sum(option.candidate.gmacs_at(option.size) for option in smallest)
    per_row = cost.trial.prediction_seconds * multiplications / one.candidate.gmacs_at(one.size)

    def seconds(count: int) -> float:
        return count * per_row + len(smallest) * head_seconds(count)

    return rows_that_fit(rows, MOST_ROWS, seconds, FIRST_SHARE * (budget.seconds - budget.used))


def _record(context: RunContext, budget: Budget, options: tuple[OptionFigures, ...], decision: Decision) -> ScoutRecord:
    measured = [one.bank_top1.n for one in options if one.bank_top1 is not None]
    device = context.engine.device
    return ScoutRecord(
        data=str(context.table.root),
        machine=f"{cpu_name()} cores" if device.type == "cpu" else device.type,
        rows=max(measured),
        classes=context.table.class_count,
        seconds=budget.seconds,
        used=budget.used,
        options=options,
        finalists=tuple(one.name for one in decision.figures),
        difference=decision.difference,
        chosen=decision.chosen.name,
        reason=decision.reason,
    )
