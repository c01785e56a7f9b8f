"""What is computed from a run before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import calibration
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.intervals import families
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.figures import Figures, figures


@dataclass(frozen=True)
class Statistics:
    """Figures of a run.

    Attributes:
        total: figures of the ensemble's probabilities.
        by_name: figures of each set of probabilities, the ensemble's first.
        group: int64 [n], related rows share a number; None where rows are independent.
        calibrated: float32 [n, C], cross-fitted.
        temperature: fitted on all rows.
    """

    total: Figures
    by_name: Mapping[str, Figures]
    group: NDArray[np.int64] | None
    calibrated: NDArray[np.float32]
    temperature: float


def compute_statistics(evidence: Evidence, resamples: int = 1000) -> Statistics:
    """Compute all figures with their intervals.

    Args:
        evidence: the run.
        resamples: of the bootstrap.
    """
    group, label = families(evidence.group), evidence.label
    total = figures(evidence.prob, label, group, resamples)
    many = len(evidence.members) > 1
    members = {name: figures(prob, label, group, resamples) for name, prob in evidence.members.items()} if many else {}
    folds = estimation_folds(evidence.fold, group)
    calibrated = calibration.cross_fit("temperature", evidence.prob, label, folds)
    return Statistics(
        total,
        {"ensemble" if many else "run": total, **members},
        group,
        np.asarray(calibrated, dtype=np.float32),
        calibration.fit_temperature(evidence.prob, label).value,
    )
