"""Class frequencies of the test rows, and what follows for test probabilities where it is shown to help.

Where the frequencies differ from those of the training rows, probabilities are corrected for them. Where no difference
is shown, and classes of equal size were split by class, the mean prediction is matched to them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Ints
from sketchfit.inference.blocks import sampled_rows
from sketchfit.inference.choices import measured_choice
from sketchfit.inference.class_frequencies import (
    ALPHA,
    ClassFrequencies,
    Reference,
    estimate_frequencies,
    frequencies_p_value,
)
from sketchfit.inference.frequency_matching import (
    ALIKE,
    MatchingGain,
    expected_variance,
    is_split_by_class,
    matching_gain,
    matching_weight,
    sampled_by_class,
)
from sketchfit.inference.oof import Floats
from sketchfit.inference.prior_correction import other_confidence, resampled_gain, reweighted, tempered
from sketchfit.inference.votes import combine_folds
from sketchfit.runs.artefacts import EstimatedFrequencies, MeasuredChoice
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.products import Calibrated, MemberPredictions

log = logging.getLogger(__name__)

Setting = Literal["keep", "auto", "correct"]

FEWEST = 20
"""With fewer readable test rows, class frequencies are not estimated."""

MOST_CLASSES = 2000
"""With more classes they are not estimated: time grows with the third power, memory with the second."""


@dataclass(frozen=True)
class _Evidence:
    """Rows by which class frequencies of the test rows are estimated, and by which an adjustment is chosen.

    Attributes:
        complete: all out-of-fold rows.
        reference: a sample of them.
        before: float [M, C], a sample of readable test rows, before calibration, by the scored networks.
        calibrated: float [M, C], the same rows, calibrated, by all networks.
    """

    complete: Reference
    reference: Reference
    before: Floats
    calibrated: Floats


@dataclass(frozen=True)
class _Adjustment:
    """What changes test probabilities: a correction, or a matching.

    Attributes:
        weight: float64 [C], factors of the classes; None: test probabilities stay as they are.
        choice: what was measured of it; None where nothing was.
        matching: gain of a matching; None for a correction.
    """

    weight: NDArray[np.float64] | None = None
    choice: MeasuredChoice | None = None
    matching: MatchingGain | None = None


def correct_prior(context: RunContext, state: RunState) -> RunState:
    """Estimate the class frequencies of the test rows, and correct test probabilities for them where that helps."""
    readable = _readable_test(context, state)
    if readable.sum() < FEWEST or len(state.rows.row) < FEWEST:
        return state
    if why := _why_not_estimated(state):
        log.info(f"class frequencies on test: not estimated {why}")
        return state
    evidence = _evidence(context, state, readable)
    found = estimate_frequencies(evidence.reference, evidence.before)
    decision = decide(evidence.reference, evidence.before, found, context.recipe.inference.prior, context.recipe.seed)
    if decision.differs:
        decision = decision.model_copy(update={"other_confidence": _other_confidence(state, readable, found)})
    adjustment = _adjustment(context, state, evidence, found, decision)
    decision = _with_adjustment(decision, adjustment)
    log.info(str(decision))
    return replace(
        state,
        calibrated=_adjusted(made(state.calibrated), adjustment, readable),
        class_frequencies=decision,
        choices=state.choices if adjustment.choice is None else (*state.choices, adjustment.choice),
    )


def _readable_test(context: RunContext, state: RunState) -> NDArray[np.bool_]:
    """Return which test rows can be read, bool [N_test]."""
    return np.array([path not in state.unreadable_test for path in context.table.test.paths], dtype=bool)


def _why_not_estimated(state: RunState) -> str:
    """Return why class frequencies are not estimated; empty where they are."""
    if _class_count(state) > MOST_CLASSES:
        return f"for more than {MOST_CLASSES:,} classes"
    if state.rounds_kept:  # predictions of learnt rows are not comparable with out-of-fold rows
        return "after pseudo-labels: the students have learnt test rows"
    return ""


def _class_count(state: RunState) -> int:
    return int(made(state.ensemble).predictions.oof.shape[1])


def _evidence(context: RunContext, state: RunState, readable: NDArray[np.bool_]) -> _Evidence:
    """Return the rows that decide; with many classes a sample of them, as memory is limited."""
    calibrated, rows, classes = made(state.calibrated).predictions, state.rows, _class_count(state)
    complete = Reference(made(state.ensemble).predictions.oof, calibrated.oof, rows.label, rows.group)
    reference = complete.part(sampled_rows(np.arange(len(rows.row)), classes))
    some = sampled_rows(np.flatnonzero(readable), classes)
    return _Evidence(complete, reference, _by_scored_networks(context, state)[some], calibrated.test[some])


def _adjustment(
    context: RunContext,
    state: RunState,
    evidence: _Evidence,
    found: ClassFrequencies,
    decision: EstimatedFrequencies,
) -> _Adjustment:
    """Return a matching where frequencies are alike and the recipe leaves the choice; else a correction."""
    if decision.p_value >= ALIKE and decision.setting == "auto":
        label, seed = context.table.label, context.recipe.seed
        return _matching(evidence.complete, evidence.calibrated, label, state.rows.row, seed)
    return _correction(decision, found, evidence.reference, evidence.calibrated)


def _with_adjustment(decision: EstimatedFrequencies, adjustment: _Adjustment) -> EstimatedFrequencies:
    """Return the decision with the adjustment that is used; unchanged where none is."""
    if adjustment.weight is None:
        return decision
    matching = adjustment.matching
    fields: dict[str, Any] = {"weight": tuple(adjustment.weight.tolist()), "matched": matching is not None}
    if matching is not None:
        fields |= {"gain": matching.accuracy, "log_loss_gain": matching.log_loss}
    return decision.model_copy(update=fields)


def _adjusted(calibrated: Calibrated, adjustment: _Adjustment, readable: NDArray[np.bool_]) -> Calibrated:
    """Return the probabilities of the run with adjusted test rows."""
    if adjustment.weight is None:
        return calibrated
    test = calibrated.predictions.test
    changed = reweighted(test, adjustment.weight)
    if adjustment.matching is not None:
        changed[~readable] = test[~readable]  # they have the training frequencies already
    return replace(calibrated, predictions=replace(calibrated.predictions, test=changed))


def decide(
    reference: Reference, test: Floats, found: ClassFrequencies, setting: Setting, seed: int
) -> EstimatedFrequencies:
    """Return what is stored of the frequencies, with the evidence on a correction where the setting needs it.

    Args:
        reference: out-of-fold rows.
        test: float [M, C], readable test rows, before calibration.
        found: their estimated frequencies.
        setting: of the recipe.
        seed: of resampling.
    """
    p_value = frequencies_p_value(reference, test, seed)
    differs = p_value < ALPHA
    measured = differs and setting != "keep"
    return EstimatedFrequencies(
        rows=len(test),
        training=tuple(found.training.tolist()),
        test=tuple(found.test.tolist()),
        low=tuple(found.low.tolist()),
        high=tuple(found.high.tolist()),
        p_value=p_value,
        differs=differs,
        setting=setting,
        gain=resampled_gain(reference, found.test, len(test), seed) if measured else None,
    )


def _choice(decision: EstimatedFrequencies) -> MeasuredChoice | None:
    """Return whether a correction is used; None where no gain is known, or the drawings themselves differ."""
    forced = decision.setting == "correct"
    if decision.gain is None or (decision.other_confidence is not None and not forced):
        return None
    return measured_choice("correction of class frequencies", decision.gain, None, needs="better", force=forced)


def _correction(
    decision: EstimatedFrequencies, found: ClassFrequencies, reference: Reference, test: Floats
) -> _Adjustment:
    """Return a correction; without weights where it is not used."""
    choice = _choice(decision)
    used = decision.setting == "correct" if choice is None else choice.used
    return _Adjustment(tempered(found.weight, reference, test) if used else None, choice)


def _matching(reference: Reference, test: Floats, label: Ints, rows: Ints, seed: int) -> _Adjustment:
    """Return a matching; without weights where it is not used.

    Args:
        reference: out-of-fold rows.
        test: float [M, C], calibrated, of readable test rows.
        label: int64 [N], of all training rows.
        rows: int64 [n], the training rows of the reference.
        seed: of resampling.
    """
    counts = np.bincount(label, minlength=test.shape[1])
    if not is_split_by_class(counts, len(label) / (len(label) + len(test))):
        return _Adjustment()
    some = sampled_by_class(reference.label, len(sampled_rows(rows, test.shape[1])), np.random.default_rng(seed))
    reference, others = reference.part(some), np.delete(label, rows[some])
    if (gain := matching_gain(reference, others, len(test), seed)) is None:
        return _Adjustment()
    choice = _matching_choice(gain)
    if not gain.helps:
        return _Adjustment(None, choice, gain)
    expected = expected_variance(reference, len(test), seed)
    return _Adjustment(matching_weight(test, counts / len(label), expected), choice, gain)


def _matching_choice(gain: MatchingGain) -> MeasuredChoice:
    """Return what decides on a matching: the accuracy where it falls, else the log-loss."""
    name = "matching of class frequencies"
    if gain.accuracy.hurts:
        return measured_choice(name, gain.accuracy, None, needs="not worse")
    return measured_choice(name, gain.log_loss, None, measure="log-loss", needs="better")


def _by_scored_networks(context: RunContext, state: RunState) -> Floats:
    """Return test probabilities before calibration, by the networks alone that have validated out-of-fold rows.

    Those of further networks are not comparable with out-of-fold rows.
    """
    scored = [_scored(one, state) for one in state.predictions.values()]
    if all(len(own) == len(one.test) for own, one in zip(scored, state.predictions.values(), strict=True)):
        return made(state.ensemble).predictions.test
    folds = context.recipe.ensemble.folds
    return made(state.ensemble).rule.predict([combine_folds(own, folds, [1.0] * len(own)) for own in scored])


def _scored(member: MemberPredictions, state: RunState) -> list[Floats]:
    """Return the test probabilities of a member's networks of the scored folds; of all where they are not of folds."""
    numbers = {fold.number for fold in state.folds}
    if len(member.folds) != len(member.test):
        return list(member.test)
    return [test for fold, test in zip(member.folds, member.test, strict=True) if fold in numbers] or list(member.test)


def _other_confidence(state: RunState, readable: NDArray[np.bool_], found: ClassFrequencies) -> float | None:
    """Return the difference of confidence that every source shows, the smallest one; None where a source has none."""
    label = state.rows.label
    differences: Sequence[float | None] = [
        other_confidence(one.oof, label, [test[readable] for test in _scored(one, state)], found)
        for one in state.predictions.values()
    ]
    clear = [one for one in differences if one is not None]
    return min(clear, key=abs) if clear and len(clear) == len(differences) else None
