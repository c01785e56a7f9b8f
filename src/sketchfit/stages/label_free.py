"""The model that estimates accuracy without labels: measured once per run, stored, and used by `predict` as well."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.shifts import Change
from sketchfit.claims.simulate import (
    FEWEST_ROWS,
    MOST_ROWS,
    PassRate,
    affordable_rows,
    pictures_of_a_row,
    predict_changed,
    rows_in_time,
    sampled_rows,
    simulate,
)
from sketchfit.claims.stored import to_record
from sketchfit.claims.unit import Answers
from sketchfit.data.folds import Fold
from sketchfit.inference.predictor import Predictor
from sketchfit.models.saved_network import load_network
from sketchfit.planning.deadline import LEAST_SLOW
from sketchfit.runs.artefacts import LabelFreeRecord
from sketchfit.stages.context import Member, RunContext, RunState, made

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

TRIAL_ROWS = 4
"""Rows of one unit by which the speed of the pass is measured, where its time is limited."""


def label_free_record(
    context: RunContext,
    state: RunState,
    answers: Answers,
    folds: Sequence[Fold],
    group: Ints | None,
    seconds: float = math.inf,
) -> LabelFreeRecord:
    """Return the model of a run as it is stored; `ensemble/label_free.json` has it after the first time.

    Call it in the main process.

    Args:
        context: of the run.
        state: after calibration.
        answers: of the run, one unit per fold.
        folds: of the units, in their order.
        group: int [N], related training rows share a number; None: rows are independent.
        seconds: that simulated shifts may take: fewer rows are changed, or none, where all take longer.
    """
    plain = LabelFreeModel.fit(answers, group)
    wanted = _wanted_rows(context, answers, folds)
    stored = LabelFreeRecord.find(context.run.path)
    if stored is not None and not _is_of(stored, plain):
        stored = None
    if stored is not None and _is_final(stored, wanted, math.isinf(seconds)):
        return stored
    changed = ChangedRows(context, state, folds)
    rows = changed.rows_in_time(sampled_rows(answers.units, wanted, context.recipe.seed), wanted, seconds)
    if stored is not None and stored.limited and rows < wanted and rows <= (stored.rows or 0):
        return stored  # there is no more time than before
    simulated = simulate(plain.correction.reference, answers.units, changed.predict, rows, context.recipe.seed)
    found = to_record(LabelFreeModel.fit(answers, group, simulated))
    found = found.model_copy(update={"rows": rows if simulated else 0, "limited": rows < wanted})
    if found.limited:
        log.info(_limit_line(rows, wanted))
    context.run.write(found)
    return found


def _wanted_rows(context: RunContext, answers: Answers, folds: Sequence[Fold]) -> int:
    """Return the number of rows to change where there is time for all; 0 where they are too few."""
    trained = sum(len(fold.train) for fold in folds) * context.recipe.training.epochs
    validated = sum(len(unit.row) for unit in answers.units)
    rows = affordable_rows(validated, trained, context.recipe.claim.simulated)
    return rows if rows >= FEWEST_ROWS else 0


def _is_of(stored: LabelFreeRecord, plain: LabelFreeModel) -> bool:
    """Return whether a stored model is that of these answers: equal thresholds mean equal networks and rows."""
    without_shifts = stored.model_copy(update={"shifts": (), "rows": None, "limited": False})
    return without_shifts == to_record(plain)


def _is_final(stored: LabelFreeRecord, wanted: int, unlimited: bool) -> bool:
    """Return whether a stored model of the same answers is used without a further try.

    Args:
        stored: the model.
        wanted: rows that are to be changed; 0: none.
        unlimited: whether the time is not limited: a run that has ended is continued, and not changed.
    """
    if stored.limited:
        return wanted > 0 and unlimited
    return bool(stored.shifts) == (wanted > 0)


def _limit_line(rows: int, wanted: int) -> str:
    if not rows:
        return "the estimate without labels is made without simulated shifts, as there is no time for them"
    return f"simulated shifts change {rows:,} in place of {wanted:,} training rows, as there is no time for more"


@dataclass(frozen=True)
class ChangedRows:
    """Predicts changed training rows by the networks that were not trained on them.

    Attributes:
        context: of the run.
        state: after calibration.
        folds: of the units, in their order.
    """

    context: RunContext
    state: RunState
    folds: Sequence[Fold]

    def predict(self, place: int, rows: Ints, changes: Sequence[Change]) -> list[Floats]:
        """Return the probabilities of rows by a unit, members combined, float32 [n, C] for each change."""
        by_member = [
            _predict(source.networks, self._predictor(source.networks, place), rows, changes)
            for source in self.state.sources.values()
        ]
        return [made(self.state.ensemble).rule.combine(parts) for parts in zip(*by_member, strict=True)]

    def rows_in_time(self, sampled: Sequence[Ints], wanted: int, seconds: float) -> int:
        """Return how many rows can be changed in a time, which is measured on a few of them; 0: too few.

        Args:
            sampled: int64 [n], of each unit; empty: none.
            wanted: rows of all units together.
            seconds: for all of them, and for the measurement.
        """
        if math.isinf(seconds) or not sampled:
            return wanted
        end, rate, rows = time.monotonic() + seconds, PassRate(0.0, 0.0), wanted
        for source in self.state.sources.values():
            one = self._rate(source.networks, sampled[0], end)
            if one is None:
                return 0
            rate += one
            rows = rows_in_time((end - time.monotonic()) / LEAST_SLOW, rate, len(sampled))
            if not rows:
                return 0
        return min(rows, wanted)

    def _rate(self, networks: Member, rows: Ints, end: float) -> PassRate | None:
        """Measure the network of the first unit; None where there is no time for that.

        The first prediction includes the conversion of the network, if there is one.

        Args:
            networks: of a member.
            rows: int64 [n], of the unit.
            end: when all must have ended, by `time.monotonic`.
        """
        changes, tried, began = [one.change for one in pictures_of_a_row()], rows[:TRIAL_ROWS], time.monotonic()
        if began >= end:
            return None
        predictor = self._predictor(networks, 0)
        _predict(networks, predictor, rows[:1], changes)
        ready = time.monotonic()
        if ready + len(tried) * (ready - began) > end:
            return None
        _predict(networks, predictor, tried, changes)
        return PassRate(ready - began, (time.monotonic() - ready) / len(tried))

    def _predictor(self, networks: Member, place: int) -> Predictor:
        folder, recipe = self.context.run.network(networks.name, self.folds[place].number), networks.recipe
        network = load_network(folder.path, recipe, self.context.table.class_count)
        images = MOST_ROWS * len(pictures_of_a_row())
        return Predictor.of(network, recipe, self.context.engine.device, images=images)


def _predict(networks: Member, predictor: Predictor, rows: Ints, changes: Sequence[Change]) -> list[Floats]:
    return predict_changed(predictor, networks.train, rows, changes, networks.recipe.seed)
