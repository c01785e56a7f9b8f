"""The scout: measure, compare frozen features, fine-tune the best two, choose one, write the record and the recipe."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.candidates import Candidate
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import load_store, store_settings
from sketchfit.errors import UserError
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutRecord
from sketchfit.stages.context import RunContext
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.decide import finalists
from sketchfit.stages.scout.options import make_options
from sketchfit.stages.scout.rows import scout_rows
from sketchfit.stages.scout.search import Search
from sketchfit.stages.scout.tried import TriedFolder
from sketchfit.stages.scout.tune import Decision, decide_finalists
from sketchfit.training.measured_rates import cpu_name
from sketchfit.wording import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoutRequest:
    """What to compare, and in which time.

    Attributes:
        candidates: backbones.
        budget: the time for all of it.
        sizes: of the input in pixels; by default some of each candidate's own.
        run_seconds: longest training time of a run with the chosen option; None: any.
    """

    candidates: Sequence[Candidate]
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
    smallest = min((one for ladder in ladders for one in ladder), key=lambda one: one.size)
    first = load_store(context.table, context.table.train, "training", smallest.recipe, context.console)
    rows = scout_rows(context, first)
    search = Search(context, rows, TriedFolder.of(context, rows), request.budget, request.run_seconds)
    search.stores[store_settings(smallest.recipe)] = first
    tried = search.search(ladders)
    best = finalists([one.figures for one in tried.values() if not one.figures.left_out])
    if not best:
        reasons = [f"{one.figures.name}: {one.figures.left_out}" for one in tried.values()]
        raise UserError(["scout: no option could be measured", *reasons], "Give more --time, or other --candidates.")
    pairs = [(tried[one.name], search.stores[store_settings(tried[one.name].option.recipe)]) for one in best]
    decision = decide_finalists(context, pairs, rows, request.budget)
    tuned = {one.name: one for one in decision.figures}
    options = tuple(tuned.get(name, one.figures) for name, one in tried.items())
    record = _record(context, request.budget, options, decision)
    context.run.write(record)
    recipe = tried[decision.chosen.name].option.recipe
    context.run.write_recipe(recipe)
    return record, recipe


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
