"""Class frequencies of the test rows, and what follows for test probabilities where it is shown to help.

Where the frequencies differ from those of the training rows, probabilities are corrected for them. Where no difference
is shown, and classes of equal size were split by class, the mean prediction is matched to them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

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
from sketchfit.stages.products import MemberPredictions

log = logging.getLogger(__name__)

Setting = Literal["keep", "auto", "correct"]

FEWEST = 20
"""With fewer readable test rows, class frequencies are not estimated."""

MOST_CLASSES = 2000
"""With more classes they are not estimated: time grows with the third power, memory with the second."""


def correct_prior(context: RunContext, state: RunState) -> RunState:
    """Estimate the class frequencies of the test rows, and correct test probabilities for them where that helps."""
    calibrated, before = made(state.calibrated), made(state.ensemble).predictions
    readable = np.array([path not in state.unreadable_test for path in context.table.test.paths], dtype=bool)
    if readable.sum() < FEWEST or len(state.rows.row) < FEWEST:
        return state
    if why := _why_not_estimated(state, classes := before.oof.shape[1]):
        log.info(f"class frequencies on test: not estimated {why}")
        return state
    reference = Reference(before.oof, calibrated.predictions.oof, state.rows.label, state.rows.group)
    complete, rows = reference, state.rows.row
    reference = reference.part(sampled_rows(np.arange(len(rows)), classes))
    test = calibrated.predictions.test
    some = sampled_rows(np.flatnonzero(readable), classes)
    estimated = _by_scored_networks(context, state)[some]
    found = estimate_frequencies(reference, estimated)
    decision = decide(reference, estimated, found, context.recipe.inference.prior, context.recipe.seed)
    if decision.differs:
        decision = decision.model_copy(update={"other_confidence": _other_confidence(state, readable, found)})
    gain = None
    if decision.p_value >= ALIKE and decision.setting == "auto":
        weight, gain, choice = _matching(complete, test[some], context.table.label, rows, context.recipe.seed)
    else:
        weight, choice = _correction(decision, found, reference, test[some])
    if weight is not None:
        decision = decision.model_copy(update={"weight": tuple(weight.tolist()), "matched": gain is not None})
        changed = reweighted(test, weight)
        if gain is not None:
            decision = decision.model_copy(update={"gain": gain.accuracy, "log_loss_gain": gain.log_loss})
            changed[~readable] = test[~readable]  # they have the training frequencies already
        calibrated = replace(calibrated, predictions=replace(calibrated.predictions, test=changed))
    log.info(str(decision))
    choices = state.choices if choice is None else (*state.choices, choice)
    return replace(state, calibrated=calibrated, class_frequencies=decision, choices=choices)


def _why_not_estimated(state: RunState, classes: int) -> str:
    """Return why class frequencies are not estimated; empty where they are."""
    if classes > MOST_CLASSES:
        return f"for more than {MOST_CLASSES:,} classes"
    if state.rounds_kept:  # predictions of learnt rows are not comparable with out-of-fold rows
        return "after pseudo-labels: the students have learnt test rows"
    return ""


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
) -> tuple[NDArray[np.float64] | None, MeasuredChoice | None]:
    """Return the weights of a correction, None where it is not used; and what was measured of it."""
    choice = _choice(decision)
    used = decision.setting == "correct" if choice is None else choice.used
    return tempered(found.weight, reference, test) if used else None, choice


def _matching(
    reference: Reference, test: Floats, label: Ints, rows: Ints, seed: int
) -> tuple[NDArray[np.float64] | None, MatchingGain | None, MeasuredChoice | None]:
    """Return the weights of a matching, None where it is not used; and what was measured of it.

    Args:
        reference: out-of-fold rows.
        test: float [M, C], calibrated, of readable test rows.
        label: int64 [N], of all training rows.
        rows: int64 [n], the training rows of the reference.
        seed: of resampling.
    """
    counts = np.bincount(label, minlength=test.shape[1])
    if not is_split_by_class(counts, len(label) / (len(label) + len(test))):
        return None, None, None
    some = sampled_by_class(reference.label, len(sampled_rows(rows, test.shape[1])), np.random.default_rng(seed))
    reference, others = reference.part(some), np.delete(label, rows[some])
    if (gain := matching_gain(reference, others, len(test), seed)) is None:
        return None, None, None
    name = "matching of class frequencies"
    if gain.accuracy.hurts:
        return None, gain, measured_choice(name, gain.accuracy, None, needs="not worse")
    choice = measured_choice(name, gain.log_loss, None, measure="log-loss", needs="better")
    expected = expected_variance(reference, len(test), seed)
    weight = matching_weight(test, counts / len(label), expected) if gain.helps else None
    return weight, gain, choice


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
