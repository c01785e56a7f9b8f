"""Calibration: fitted on out-of-fold rows, reported cross-fitted, applied to test and new rows unless it is worse."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.calibration import CalibrationSection
from sketchfit.inference import conformal
from sketchfit.inference.calibration import (
    Reliability,
    Temperature,
    VectorScaling,
    report_of,
)
from sketchfit.inference.calibration_choice import choose_calibration
from sketchfit.inference.choices import print_unused
from sketchfit.inference.oof import Floats, Predictions, Rows
from sketchfit.inference.oof_sets import conformal_sets
from sketchfit.inference.set_rule import Score
from sketchfit.runs.artefacts import Calibration, Diagram, Sets, SetsCheck
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.products import Calibrated

log = logging.getLogger(__name__)


def calibrate(context: RunContext, state: RunState) -> RunState:
    """Calibrate the probabilities of the run, unless that is measured to be worse."""
    section, predictions = context.recipe.calibration, made(state.ensemble).predictions
    calibrated = calibrate_predictions(predictions, state.rows, section)
    state = replace(state, calibrated=calibrated, choices=(*state.choices, *calibrated.choices))
    if calibrated.method != "vector":  # a temperature leaves the order of classes unchanged
        return state
    step = state.rows.step(f"calibration: {calibrated.method}", calibrated.predictions.oof, predictions.oof)
    return replace(state, steps=(*state.steps, step))


def calibrate_predictions(predictions: Predictions, rows: Rows, section: CalibrationSection) -> Calibrated:
    """Calibrate out-of-fold rows by a calibrator fitted on the other folds, and test rows by one fitted on all.

    Where that is worse than no calibration, there is none; see `choose_calibration`.
    """
    chosen = choose_calibration(section.method, predictions.oof, rows, force=section.force)
    print_unused(chosen.choices)
    test, fitted = chosen.calibrator.apply(predictions.test), chosen.calibrator.apply(predictions.oof)
    report = report_of(predictions.oof, chosen.oof, fitted, rows.label, section.bins, rows.group)
    return Calibrated(Predictions(chosen.oof, test), chosen.calibrator, report, chosen.method, chosen.choices)


def calibration_record(done: Calibrated, rows: Rows, section: CalibrationSection) -> Calibration:
    """Return what is stored of a calibration, with prediction sets where they are wanted, and print it."""
    found, calibrator = done.report, done.calibrator
    if done.method != "none":
        log.info(
            f"calibration by {done.method}: expected calibration error {100 * found.ece_before:.1f} % before, "
            f"{100 * found.ece_after:.1f} % after; log-loss {found.log_loss_before:.3f}, {found.log_loss_after:.3f}"
        )
    vector = calibrator if isinstance(calibrator, VectorScaling) else None
    temperature = calibrator.value if isinstance(calibrator, Temperature) else 1.0
    return Calibration(
        method=done.method,
        temperature=None if vector else temperature,
        scale=_numbers(vector.scale) if vector else None,
        bias=_numbers(vector.bias) if vector else None,
        ece_before=found.ece_before,
        ece_after=found.ece_after,
        ece_fitted=found.ece_fitted,
        log_loss_before=found.log_loss_before,
        log_loss_after=found.log_loss_after,
        reliability_before=_diagram(found.before),
        reliability_after=_diagram(found.after),
        sets=None if section.sets is None else _sets(done.predictions.oof, rows, section.sets, section.set_score),
    )


def _numbers(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(values.tolist())


def _diagram(found: Reliability) -> Diagram:
    return Diagram(
        confidence=_numbers(found.confidence),
        accuracy=_numbers(found.accuracy),
        low=_numbers(found.low),
        high=_numbers(found.high),
        count=tuple(found.count.tolist()),
    )


def _sets(oof: Floats, rows: Rows, coverage: float, score: Score) -> Sets:
    rule = conformal_sets(oof, rows, coverage, score)
    checked = conformal.cross_coverage(oof, rows.label, rows.fold, coverage, score, rows.group)
    log.info(
        f"prediction sets for {100 * coverage:g} %: they hold the true class in {checked.coverage}; "
        f"{checked.mean_size:.1f} classes per set, {100 * checked.singletons:.0f} % of one class"
    )
    return Sets(
        coverage=coverage,
        score=score,
        threshold=None if np.isinf(rule.threshold) else rule.threshold,
        n=rule.n,
        checked=SetsCheck.model_validate(checked),
    )
