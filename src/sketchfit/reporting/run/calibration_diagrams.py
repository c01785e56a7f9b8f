"""Reliability of a run's probabilities, before its calibration and after it."""

from __future__ import annotations

import numpy as np

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.calibration import Reliability, reliability
from sketchfit.runs.artefacts import Calibration, Diagram


def calibration_diagrams(
    record: Calibration | None, prob: Floats, label: Ints, group: Ints | None = None
) -> tuple[dict[str, Reliability], str]:
    """Return diagrams by name, and a sentence on the calibration.

    Args:
        record: of the run's calibration; None where nothing was fitted.
        prob: float [n, C], out-of-fold, after it.
        label: int [n].
        group: int [n], related rows share a number; None: rows are independent.
    """
    own = reliability(prob, label, group=group)
    if record is None or record.method == "none":
        return {"without calibration": own}, "No calibration is used."
    how = f"temperature {record.temperature:.2f}" if record.temperature is not None else "vector scaling"
    text = (
        f"Calibrated by {how}, each drawing by the other folds: the calibration error (ECE) is "
        f"{100 * record.ece_before:.1f} % before and {100 * record.ece_after:.1f} % after."
    )
    return {"before calibration": _arrays(record.reliability_before), f"calibrated: {how}": own}, text


def _arrays(found: Diagram) -> Reliability:
    confidence, accuracy, low, high = (
        np.array(one) for one in (found.confidence, found.accuracy, found.low, found.high)
    )
    return Reliability(confidence, accuracy, low, high, np.array(found.count, dtype=np.int64))
