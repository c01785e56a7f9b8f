"""Prediction sets that are calibrated on the out-of-fold rows of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import conformal
from sketchfit.inference.oof import Floats, Rows
from sketchfit.inference.set_rule import ConformalSets, Score


def conformal_rows(rows: Rows) -> NDArray[np.int64]:
    """Return one row per group of near-duplicates, int64: coverage needs exchangeable rows."""
    if rows.group is None:
        return np.arange(len(rows.row))
    return np.sort(np.unique(rows.group, return_index=True)[1])


def conformal_sets(oof: Floats, rows: Rows, coverage: float, score: Score) -> ConformalSets:
    """Return sets of this coverage, calibrated on out-of-fold rows [n, C], one per group of near-duplicates."""
    used = conformal_rows(rows)
    return conformal.calibrate(oof[used], rows.label[used], coverage, score)
