"""Prediction sets that are calibrated on the out-of-fold rows of a run."""

from __future__ import annotations

from sketchfit.inference import conformal
from sketchfit.inference.oof import Floats, Rows
from sketchfit.inference.set_rule import ConformalSets, Score


def conformal_sets(oof: Floats, rows: Rows, coverage: float, score: Score) -> ConformalSets:
    """Return sets of this coverage, calibrated on out-of-fold rows [n, C]; a group of related rows counts as one."""
    return conformal.calibrate(oof, rows.label, coverage, score, rows.group)
