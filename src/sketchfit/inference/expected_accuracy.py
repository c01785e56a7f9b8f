"""An estimate of test accuracy without test labels, from calibrated confidences.

"Average confidence" after calibration on held-out rows, corrected by the remaining difference between confidence and
accuracy there (Guillory et al. 2021, 2107.03315). It is valid if confidence is calibrated on the test set as out of
fold; a test set of another kind (other pens, other papers) violates this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import calibration
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.intervals import Estimate, bootstrap


def calibrated_confidence(
    prob: NDArray[np.float32], label: NDArray[np.int64], fold: NDArray[np.int64], group: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], calibration.Calibrator]:
    """Calibrate by temperature.

    Args:
        prob: float32 [N, C], out of fold.
        label: int64 [N].
        fold: int64 [N].
        group: int64 [N], family of near-duplicates per row; None: rows are independent.

    Returns:
        Cross-fitted probabilities float32 [N, C], and the calibrator fitted on all rows.
    """
    parts = estimation_folds(fold, group)
    return (
        np.asarray(calibration.cross_fit("temperature", prob, label, parts), dtype=np.float32),
        calibration.fit("temperature", prob, label),
    )


def estimate_test_accuracy(
    calibrated: NDArray[np.float32],
    label: NDArray[np.int64],
    group: NDArray[np.int64] | None,
    test: NDArray[np.float32],
) -> Estimate:
    """Estimate top-1 accuracy on the test rows, with a 95 % interval.

    The interval adds two independent sources of error: the estimate of accuracy minus confidence out of fold (bootstrap
    by group), and the chance of each test row to be right.

    Args:
        calibrated: float [N, C], out of fold and cross-fitted.
        label: int64 [N].
        group: int64 [N], family of near-duplicates per row; None: rows are independent.
        test: float [N_test, C], calibrated by the same method.
    """
    remaining = bootstrap((calibrated.argmax(axis=1) == label) - calibrated.max(axis=1).astype(np.float64), group)
    confidence = test.max(axis=1).astype(np.float64)
    value = float(np.clip(confidence.mean() + remaining.value, 0, 1))
    chance = float((confidence * (1 - confidence)).sum()) / len(confidence) ** 2
    half = 1.96 * float(np.sqrt(((remaining.high - remaining.low) / 3.92) ** 2 + chance))
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), len(confidence))
