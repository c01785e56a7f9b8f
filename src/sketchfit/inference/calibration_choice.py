"""The calibration that is used: the one of the recipe, unless it is measured to be worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sketchfit.inference.calibration import Calibrator, Method, Temperature, cross_fit, fit
from sketchfit.inference.choices import Measure, unless_worse
from sketchfit.inference.oof import Floats, Rows
from sketchfit.runs.artefacts import MeasuredChoice

_TRIED: Mapping[Method, tuple[Method, ...]] = {
    "none": (),
    "temperature": ("temperature",),
    "vector": ("vector", "temperature"),
}
"""Methods in the order in which they are tried; the first that is not worse is used."""


@dataclass(frozen=True)
class ChosenCalibration:
    """A calibration, or none.

    Attributes:
        method: that is used.
        calibrator: fitted on all rows.
        oof: float32 [n, C], each row calibrated by the rows of other folds.
        choices: what was measured, one or two entries per method that was tried.
    """

    method: Method
    calibrator: Calibrator
    oof: Floats
    choices: tuple[MeasuredChoice, ...] = ()


def choose_calibration(method: Method, prob: Floats, rows: Rows, *, force: bool = False) -> ChosenCalibration:
    """Fit a calibration, and use it unless it is worse on rows that it was not fitted on.

    Worse is a higher log-loss or, where the order of classes can change, a lower accuracy. After `vector`, a
    temperature is tried.

    Args:
        method: that is wanted.
        prob: float32 [n, C], out-of-fold.
        rows: their labels, folds and groups.
        force: use the method even where it is worse.
    """
    choices = list[MeasuredChoice]()
    for tried in _TRIED[method]:
        oof = cross_fit(tried, prob, rows.label, rows.fold)
        measured = _measure(tried, prob, oof, rows, force)
        choices += measured
        if all(one.used for one in measured):
            return ChosenCalibration(tried, fit(tried, prob, rows.label), oof, tuple(choices))
    unchanged = Temperature()
    return ChosenCalibration("none", unchanged, unchanged.apply(prob), tuple(choices))


def _measure(method: Method, before: Floats, after: Floats, rows: Rows, force: bool) -> tuple[MeasuredChoice, ...]:
    """Return one entry per figure, or only those figures for which the method is not used."""
    name = f"calibration by {method}"
    measures: tuple[Measure, ...] = ("log-loss", "accuracy") if method == "vector" else ("log-loss",)
    found = [unless_worse(name, rows, before, after, measure=one, force=force) for one in measures]
    return tuple([one for one in found if not one.used] or found)
