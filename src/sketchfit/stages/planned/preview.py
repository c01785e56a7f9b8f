"""What a run with a deadline would do, without training: its units, their times and gains, and what is left out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sketchfit.data.folds import Fold
from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.disk import check_free
from sketchfit.planning.costs import DOUBT, Counts, Rates, bank_option, network_option, rates_of
from sketchfit.planning.deadline import WorkingTime
from sketchfit.planning.draft import DraftBook
from sketchfit.planning.forecast import Forecast, forecast
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import Rung
from sketchfit.planning.learning_curve import HeadAccuracy
from sketchfit.planning.options import Options
from sketchfit.runs.artefacts import PlanExpectation, PlannedUnit
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned.at_once import networks_at_once
from sketchfit.stages.planned.devices import VISIBLE, find_gpus
from sketchfit.stages.planned.last import last_stages, with_time_for
from sketchfit.stages.planned.measure import DECODING, TRIAL_SHARE, measure_rates
from sketchfit.stages.planned.more_folds import with_more_folds
from sketchfit.stages.planned.prepare import AUDIT_PER_IMAGE, RELATIONS, RELATIONS_PER_IMAGE, bounded, rungs_of
from sketchfit.stages.planned.sample_head import Sampler
from sketchfit.stages.planned.start import member_of
from sketchfit.stages.planned_run import planned_folds

TRIALS = 20.0
"""Seconds that trials of backbones may take here; a run with little time tries fewer of them."""

COPIES_PER_IMAGE = 7e-4
"""Seconds of a search for near-duplicates alone."""

MOST_UNITS = 200
"""Units that are planned ahead."""


@dataclass(frozen=True)
class Preview:
    """A plan that nothing was done of.

    Attributes:
        seconds: of the run.
        start: seconds before the first unit.
        ahead: the units.
        answer: seconds of an answer.
        reserve: seconds of the last answer and of the stages after it.
        left_out: stages without time, one clause each.
        head: accuracy of the head on frozen features with which a run begins; None: not known.
        source: where that is from.
        measurements: what was measured on this machine, by name with unit.
    """

    seconds: float
    start: float
    ahead: Forecast
    answer: float
    reserve: float
    left_out: tuple[str, ...]
    head: HeadAccuracy | None
    source: str
    measurements: Mapping[str, float]

    @property
    def units(self) -> tuple[PlannedUnit, ...]:
        """The units in their order: heads on frozen features and networks of one fold."""
        return self.ahead.units

    @property
    def expected(self) -> PlanExpectation | None:
        """Accuracy to expect at the end, with its interval; None where that of the head is not known."""
        return None if self.head is None else self.head.after(self.ahead.worth)

    @property
    def begins(self) -> tuple[float, ...]:
        """Seconds after which each unit begins, and after which the last one has ended."""
        return tuple(self.start + one for one in self.ahead.begins)


def preview(context: RunContext, goal: Goal, before: float, cache: Path, known: HeadAccuracy | None = None) -> Preview:
    """Measure, and plan; nothing is trained and nothing is written outside `cache`.

    Args:
        context: of the run.
        goal: with its time.
        before: seconds from the start of the process until the tables are read.
        cache: a temporary folder.
        known: accuracy of the first answer of the run; None: it is measured on a sample where that is quick.

    Raises:
        UserError: a mistake in the candidates or the folds.
        DiskError: `cache` has too little space.
    """
    book = DraftBook(goal.seconds, context.run.path)
    rungs = rungs_of(context, goal, goal.seconds)
    context = bounded(context, book)
    counts, sampler = _counts(context), Sampler(context, rungs[0], cache)
    check_free(cache, sampler.size)
    gpus = find_gpus(context.engine.device, os.environ.get(VISIBLE))
    measured = {DECODING: round(sampler.decoding_rate(), 1)}
    book.change(measurements=measured, networks_at_once=networks_at_once(context, gpus))
    began = time.monotonic()
    rates = measure_rates(context, rungs, book, counts, TRIALS)
    trials = min(TRIAL_SHARE * goal.seconds, time.monotonic() - began)
    last = last_stages(context.recipe)
    used = with_time_for(last, counts.images, goal.seconds)
    start = before + _until_folds(context, rungs[0], book, counts)
    answer = counts.answer_seconds
    reserve = 1.3 * answer + sum(one.seconds(counts.images) for one in used)
    left = WorkingTime(goal.seconds, start + trials, 0.0, lambda: 0.0).left(reserve, answer)
    options = replace(_options(context, rungs, rates, counts), at_once=book.plan.networks_at_once)
    ahead = forecast(options, left, MOST_UNITS, answer)
    head = known
    if head is None and (first := rates.get(rungs[0].backbone.name)) is not None:
        head = sampler.head_accuracy(first, counts)
    source = "the first answer of the run in that folder" if known else "measured on a sample of the drawings"
    dropped = tuple(one.left_out for one in last if one not in used)
    outside = (*book.plan.left_out, *dropped)
    return Preview(
        goal.seconds, start, ahead, answer, reserve, outside, head, source if head else "", book.plan.measurements
    )


def _counts(context: RunContext) -> Counts:
    folds = planned_folds(with_more_folds(context.recipe, context.table), context.table)
    train, valid = (round(float(np.mean(sizes))) for sizes in zip(*map(_sizes, folds), strict=True))
    return Counts(train, valid, len(context.table.test), len(folds), context.recipe.training.batch)


def _sizes(fold: Fold) -> tuple[int, int]:
    return len(fold.train), len(fold.valid)


def _until_folds(context: RunContext, first: Rung, book: DraftBook, counts: Counts) -> float:
    """Return the seconds of decoding, near-duplicates and related rows."""
    recipe = context.recipe
    decoding = 0.0 if _is_stored(context, first) else 1 / book.plan.measurements[DECODING]
    audit = COPIES_PER_IMAGE if recipe.audit.detail == "copies" else AUDIT_PER_IMAGE
    relations = RELATIONS_PER_IMAGE if recipe.folds.group == "auto" and RELATIONS not in book.plan.left_out else 0.0
    return counts.images * (decoding + audit * recipe.audit.enabled + relations * recipe.audit.enabled)


def _is_stored(context: RunContext, rung: Rung) -> bool:
    recipe = member_of(context.recipe, rung.settings, rung.name)
    return is_stored(cache_folder(recipe), store_settings(recipe), len(context.table.train))


def _options(context: RunContext, rungs: Sequence[Rung], rates: Mapping[str, Rates], counts: Counts) -> Options:
    """Return what can be run where nothing is done; the images of the first answer are decoded by then."""
    stored = {rung.size: rung.size == rungs[0].size or _is_stored(context, rung) for rung in rungs}
    banks, networks = [], []
    for rung in rungs:
        if (own := rates_of(rung, rates)) is None:
            continue
        here = own.without_decoding(stored[rung.size])
        if rung.kind == "bank":
            banks.append(bank_option(rung, here, counts, 1.0, False))
        else:
            views = 1 + len(rung.settings["inference"]["views"])
            networks.append(replace(network_option(rung, here, counts, 1.0, (), views), doubt=DOUBT))
    return Options(banks, networks, tuple(range(counts.folds)), least_folds=counts.least_folds)
