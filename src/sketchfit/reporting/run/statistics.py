"""What is computed from a run before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.calibration import cross_fit, fit_temperature
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.intervals import Estimate, families
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.figures import Figures, figures


@dataclass(frozen=True)
class Statistics:
    """Figures of a run.

    Attributes:
        total: figures of the ensemble's probabilities.
        by_name: figures of each set of probabilities, the ensemble's first.
        group: int64 [n], family of near-duplicates per row; None where rows are independent.
        calibrated: float32 [n, C], cross-fitted.
        temperature: fitted on all rows.
        test_accuracy: top-1 accuracy on the test rows, estimated without labels; None where the run has no estimate.
    """

    total: Figures
    by_name: Mapping[str, Figures]
    group: NDArray[np.int64] | None
    calibrated: NDArray[np.float32]
    temperature: float
    test_accuracy: Estimate | None


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
    calibrated = cross_fit("temperature", evidence.prob, label, estimation_folds(evidence.fold, group))
    claim = evidence.run.claim
    return Statistics(
        total,
        {"ensemble" if many else "run": total, **members},
        group,
        np.asarray(calibrated, dtype=np.float32),
        fit_temperature(evidence.prob, label).value,
        claim.label_free.accuracy if claim and claim.label_free else None,
    )
