"""Calibration of a run's answers: fitted on out-of-fold rows, reported cross-fitted, applied to test and new rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.calibration import CalibrationSection
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json
from sketchfit.inference import conformal
from sketchfit.inference.calibration import (
    CalibrationReport,
    Calibrator,
    Reliability,
    Temperature,
    VectorScaling,
    cross_fit,
    fit,
    report,
)
from sketchfit.inference.conformal import ConformalSets
from sketchfit.inference.oof import Answers, Floats, Rows, estimate_json
from sketchfit.tracking.console import Console


@dataclass(frozen=True)
class Calibrated:
    """Answers after calibration, the calibrator that made the test's, and what it changed."""

    answers: Answers
    calibrator: Calibrator
    report: CalibrationReport


def calibrate(answers: Answers, rows: Rows, section: CalibrationSection) -> Calibrated:
    """Calibrate out-of-fold rows by the other folds', and test rows by all."""
    calibrator = fit(section.method, answers.oof, rows.label)
    oof = cross_fit(section.method, answers.oof, rows.label, rows.fold)
    test = calibrator.apply(answers.test)
    return Calibrated(
        Answers(oof, test), calibrator, report(section.method, answers.oof, rows.label, rows.fold, section.bins)
    )


def conformal_rows(rows: Rows) -> NDArray[np.int64]:
    """Int64: one row a family of near-duplicates, as coverage counts rows that are exchangeable."""
    if rows.group is None:
        return np.arange(len(rows.row))
    return np.sort(np.unique(rows.group, return_index=True)[1])


def conformal_sets(oof: Floats, rows: Rows, coverage: float, score: conformal.Score) -> ConformalSets:
    """Sets of this coverage, calibrated on the out-of-fold rows [n, C], one a family of near-duplicates."""
    used = conformal_rows(rows)
    return conformal.calibrate(oof[used], rows.label[used], coverage, score)


def write_calibration(path: Path, done: Calibrated, rows: Rows, section: CalibrationSection, console: Console) -> None:
    """`calibration.json`: the calibrator, error and diagrams before and after, sets where they are asked for."""
    found = done.report
    if section.method != "none":
        console.line(
            f"calibration by {section.method}: expected calibration error {100 * found.ece_before:.1f} % before, "
            f"{100 * found.ece_after:.1f} % after; log-loss {found.log_loss_before:.3f}, {found.log_loss_after:.3f}"
        )
    content: dict[str, Any] = {
        "method": section.method,
        **_parameters(done.calibrator),
        "ece_before": found.ece_before,
        "ece_after": found.ece_after,
        "ece_fitted": found.ece_fitted,
        "log_loss_before": found.log_loss_before,
        "log_loss_after": found.log_loss_after,
        "reliability_before": _diagram(found.before),
        "reliability_after": _diagram(found.after),
        "sets": None,
    }
    if section.sets is not None:
        content["sets"] = _sets(done.answers.oof, rows, section.sets, section.set_score, console)
    write_json(path, content)


def read_calibrator(path: Path) -> Calibrator:
    """The calibrator that `write_calibration` wrote."""
    if not path.is_file():
        raise UserError(f"{path} is missing", "Let `sketchfit run` finish first.")
    content = read_json(path)
    if content["method"] == "vector":
        return VectorScaling(np.array(content["scale"]), np.array(content["bias"]))
    return Temperature(float(content["temperature"]))


def _parameters(calibrator: Calibrator) -> dict[str, Any]:
    if isinstance(calibrator, VectorScaling):
        return {"scale": calibrator.scale, "bias": calibrator.bias}
    return {"temperature": calibrator.value if isinstance(calibrator, Temperature) else 1.0}


def _diagram(reliability: Reliability) -> dict[str, Any]:
    return {name: getattr(reliability, name) for name in reliability.__dataclass_fields__}


def _sets(oof: Floats, rows: Rows, coverage: float, score: conformal.Score, console: Console) -> dict[str, Any]:
    rule = conformal_sets(oof, rows, coverage, score)
    checked = conformal.cross_coverage(oof, rows.label, rows.fold, coverage, score, rows.group)
    console.line(
        f"prediction sets for {100 * coverage:g} %: they hold the true class in {checked.coverage}; "
        f"{checked.mean_size:.1f} classes a set, {100 * checked.singletons:.0f} % of one class"
    )
    return {
        "coverage": coverage,
        "score": score,
        "threshold": None if np.isinf(rule.threshold) else rule.threshold,
        "n": rule.n,
        "checked": {
            "coverage": estimate_json(checked.coverage),
            "mean_size": checked.mean_size,
            "singletons": checked.singletons,
        },
    }
