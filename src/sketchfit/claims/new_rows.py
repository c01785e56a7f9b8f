"""The estimate of accuracy without labels for images that a finished run predicts later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.stored import from_record
from sketchfit.inference.arrays import Bools, Floats
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.runs.artefacts import LabelFreeRecord

FEWEST = 100
"""Images; the estimate for fewer would be too uncertain to be useful."""

MOST = 5000
"""Images whose probabilities of each network are kept."""


def wanted_rows(readable: Bools) -> NDArray[np.int64]:
    """Return the images to keep the probabilities of each network of: at most `MOST`, evenly spaced, int64 [n].

    Args:
        readable: bool [N], images that could be read.

    Returns:
        Nothing for too few readable images.
    """
    rows = np.flatnonzero(readable)
    if len(rows) < FEWEST:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64)], dtype=np.int64)


def estimate_new(
    record: LabelFreeRecord, predictor: RunPredictor, answers: RunAnswers, rows: NDArray[np.int64]
) -> LabelFree | None:
    """Estimate the accuracy of a run's predictions of new images.

    Args:
        record: of the run.
        predictor: of the run.
        answers: of the predictor, with the probabilities of each network for `rows`.
        rows: `wanted_rows` of the images.

    Returns:
        None for too few images, and where the networks that predict are not those of the folds.
    """
    if not len(rows):
        return None
    units: list[Floats] = predictor.units(answers, len(record.units))
    return from_record(record).estimate(units, answers.final[rows]) if units else None
