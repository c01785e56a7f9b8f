"""What the run claims for the test set: from out-of-fold rows, and from the test rows themselves."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.alarm import alarm
from sketchfit.claims.claim import Claim, OutOfFold, make_claim, with_unreadable
from sketchfit.claims.frequencies import ShiftedFrequencies
from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.learning_curve import USUAL, RepeatedFolds, Slope, measure_slope
from sketchfit.claims.stored import from_record
from sketchfit.claims.unit import Answers, FoldUnit
from sketchfit.claims.units_left import UnitsLeft, units_left
from sketchfit.data.folds import Fold
from sketchfit.inference.blocks import by_blocks, sampled_rows, take_rows
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.intervals import Estimate
from sketchfit.moving import delete_file
from sketchfit.runs.artefacts import ClaimRecord, LabelFreeFigures, LabelFreeRecord, Relations
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.label_free import label_free_record
from sketchfit.stages.products import MemberPredictions

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def claim(context: RunContext, state: RunState, seconds: float = math.inf) -> RunState:
    """Estimate the accuracy on the test rows, and write `ensemble/claim.json`.

    Args:
        context: of the run.
        state: after calibration.
        seconds: that simulated shifts may take.
    """
    with context.engine.main_first():
        record = claim_record(context, state, seconds)
    context.engine.on_main(lambda: context.run.write(record))
    for line in record.lines():
        log.info(line)
    return replace(state, claim=record)


def claim_record(context: RunContext, state: RunState, seconds: float = math.inf) -> ClaimRecord:
    """Return what the run claims; `seconds` are those that simulated shifts may take."""
    rows = state.rows
    answers = answers_of(state)
    right = rows.right(made(state.calibrated).predictions.oof)
    frequencies = ShiftedFrequencies.of(state.class_frequencies)
    left = _left(context, state, frequencies)
    slope, relations = _slope(context, state, left), _relations(context)
    found = make_claim(
        _out_of_fold(state, right, left, relations, frequencies),
        slope,
        answers.final,
        [one.test for one in answers.units],
    )
    record = _record(context, relations, found, answers)
    if not answers.units or state.rounds_kept:  # students are too certain of the test rows that they have learnt
        context.engine.on_main(lambda: delete_file(context.run.path / LabelFreeRecord.PLACE))
        return record
    stored = label_free_record(context, state, answers, first_repeat(state.folds), state.group, seconds)
    by_test_rows = from_record(stored).estimate([unit.test for unit in answers.units], answers.final)
    raised = alarm(by_test_rows, found.single, found.single_error)
    figures = label_free_figures(by_test_rows)
    accuracy = _of_all_rows(context, figures.accuracy, answers)
    figures = figures.model_copy(
        update={"accuracy": accuracy, "simulated": stored.rows, "limited": stored.limited},
    )
    shift = f"the predictions are most similar to those under this simulated shift: {figures.resembles}"
    causes = (shift,) if raised.fires and figures.resembles else ()
    return record.model_copy(update={"label_free": figures, "alarm": raised.fires, "causes": causes})


def _out_of_fold(
    state: RunState,
    right: NDArray[np.bool_],
    left: UnitsLeft,
    relations: Relations | None,
    frequencies: ShiftedFrequencies | None,
) -> OutOfFold:
    """Return the out-of-fold answers with what is known of the test rows."""
    rows, of_frequencies = state.rows, 0.0 if frequencies is None else frequencies.error(right, state.rows.label)
    if relations is None:
        return OutOfFold(right, rows.label, rows.group, left, frequency_error=of_frequencies)
    return OutOfFold(
        right,
        rows.label,
        rows.group,
        left,
        relations.choice_error,
        relations.known_change,
        of_frequencies,
        relations.test_groups,
    )


def label_free_figures(found: LabelFree) -> LabelFreeFigures:
    """Return what is stored of an estimate without labels."""
    name, similarity = found.resembles or ("", 0.0)
    return LabelFreeFigures(
        accuracy=found.final,
        single=found.single,
        thresholded=found.parts.by_confidence,
        by_entropy=found.parts.by_entropy,
        confidence=found.parts.by_difference,
        agreement=found.agreement,
        resembles=name if similarity >= SIMILAR else None,
    )


def answers_of(state: RunState) -> Answers:
    """Return the probabilities of the networks of each fold, members combined, and those that leave the run.

    With repeats, the networks of all repeats of a fold are averaged, as they are out of fold. Where the networks of a
    member are no longer those of the folds (a soup of the folds), there are no units.
    """
    ensemble, rows, count = made(state.ensemble), state.rows, len(state.folds)
    # Before calibration, which leaves the order of classes unchanged, and before a correction of class frequencies,
    # which no network knows of: it would be counted as a disagreement.
    readable = readable_test_rows(state)
    final = take_rows(ensemble.predictions.test, readable)
    members = [_of_folds(one, state.folds, readable) for one in state.predictions.values()]
    folds = first_repeat(state.folds)
    if not len(final) or any(len(test) != count for test in members) or not complete_repeats(state.folds):
        return Answers((), final)
    units = []
    for place, fold in enumerate(folds):
        test = [_mean(tests[place :: len(folds)]) for tests in members]
        held = np.flatnonzero(np.isin(rows.row, fold.valid))
        own = sampled_rows(held, len(folds) * ensemble.predictions.oof.shape[1])
        of_test = _combined(ensemble.rule, test)
        numbers = tuple(one.number for one in state.folds[place :: len(folds)])
        units.append(FoldUnit(rows.row[own], rows.label[own], ensemble.predictions.oof[own], of_test, numbers))
    return Answers(tuple(units), final)


def _of_folds(member: MemberPredictions, folds: Sequence[Fold], readable: Ints) -> list[Floats]:
    """Return the probabilities of readable test rows by those networks of a member that are of these folds."""
    by_fold = dict(zip(member.folds, member.test, strict=False))
    return [take_rows(by_fold[fold.number], readable) for fold in folds if fold.number in by_fold]


def _mean(repeats: Sequence[Floats]) -> Floats:
    """Return the mean of the networks of one fold; of one network itself."""
    if len(repeats) == 1:
        return repeats[0]
    shape = repeats[0].shape
    return by_blocks(lambda part: np.mean([one[part] for one in repeats], axis=0), shape, shape[1], repeats[0].dtype)


def _combined(rule: Rule, members: Sequence[Floats]) -> NDArray[np.float64]:
    """Return the members combined, float64."""
    shape = members[0].shape
    return by_blocks(lambda part: rule.combine([one[part] for one in members]), shape, shape[1], np.float64)


def first_repeat(folds: Sequence[Fold]) -> tuple[Fold, ...]:
    """Return the folds of the first repeat: as many as validate each row once."""
    seen: set[int] = set()
    found = []
    for fold in folds:
        rows = set(fold.valid.tolist())
        if seen & rows:
            break
        seen |= rows
        found.append(fold)
    return tuple(found)


def readable_test_rows(state: RunState) -> Ints:
    """Return the test rows that a member can read, int64 [m]."""
    masks = [member.test.readable for member in state.members.values()]
    return np.flatnonzero(np.any(masks, axis=0)) if masks else np.zeros(0, dtype=np.int64)


def complete_repeats(folds: Sequence[Fold]) -> bool:
    """Return whether every repeat validates the same rows by as many folds as the first."""
    count = len(first_repeat(folds))
    if len(folds) % count:
        return False
    parts = [folds[start : start + count] for start in range(0, len(folds), count)]
    rows = [np.sort(np.concatenate([fold.valid for fold in part])) for part in parts]
    return all(np.array_equal(one, rows[0]) for one in rows)


def _left(context: RunContext, state: RunState, frequencies: ShiftedFrequencies | None) -> UnitsLeft:
    """Count the groups of each class that the folds leave; rows without relations are groups of their own."""
    table = context.table
    group = np.arange(len(table.label)) if state.group is None else state.group
    counts = np.bincount(table.label, minlength=table.class_count)
    parts = [(fold.train, fold.valid) for fold in state.folds]
    if frequencies is None:
        return units_left(table.label, group, parts, counts / counts.sum())
    return units_left(table.label, group, parts, frequencies.share, frequencies.weight(state.rows.label))


def _slope(context: RunContext, state: RunState, left: UnitsLeft) -> Slope:
    """Measure the slope of the learning curve, where it makes a difference and there are features."""
    if state.features is None or abs(left.tested - left.validated) < NO_DIFFERENCE:
        return Slope(*USUAL)
    frozen = FrozenRows.of(state.features, context.table.label)
    group = frozen.row if state.group is None else state.group[frozen.row]
    plan = RepeatedFolds(max(len(first_repeat(state.folds)), 2), context.recipe.seed)
    return measure_slope(frozen.label, group, frozen.right_without, plan)


SIMILAR = 0.35
"""Least similarity to a simulated shift at which that is named as a possible cause."""

NO_DIFFERENCE = 0.01
"""Change of the mean logarithm of groups per class below which the slope is not measured."""


def _record(context: RunContext, relations: Relations | None, found: Claim, answers: Answers) -> ClaimRecord:
    column = context.recipe.folds.column
    grouping = relations.chosen if relations else context.recipe.folds.group
    return ClaimRecord(
        grouping=grouping if column is None else f"the folds of column {column}",
        out_of_fold=found.out_of_fold,
        expected=_of_all_rows(context, found.expected, answers),
        single=found.single,
        single_error=found.single_error,
        slope=found.slope.value,
        slope_error=found.slope.error,
        groups_validated=found.groups_validated,
        groups_tested=found.groups_tested,
        averaging=found.averaging,
        frequencies=found.frequencies,
        known=found.known,
        test_rows=len(context.table.test),
    )


def _relations(context: RunContext) -> Relations | None:
    """Return what `relate` wrote; None where a column gives the folds, as the file is then of an earlier start."""
    return Relations.find(context.run.path) if context.recipe.folds.column is None else None


def _of_all_rows(context: RunContext, figure: Estimate, answers: Answers) -> Estimate:
    """Return an estimate for the readable test rows together with those that could not be read."""
    counts = np.bincount(context.table.label)
    unreadable = len(context.table.test) - len(answers.final)
    if unreadable and not len(answers.final):
        figure = replace(figure, n=0)
    return with_unreadable(figure, unreadable, float(counts.max() / counts.sum()))
