"""The estimate of accuracy without labels for images that a finished run predicts later."""

from __future__ import annotations

import numpy as np

from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.stored import from_record
from sketchfit.inference.arrays import Floats
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.runs.artefacts import LabelFreeRecord

FEWEST = 100
"""Images; the estimate for fewer would be too uncertain to be useful."""

MOST = 5000
"""Images whose probabilities of each network are kept."""


def wanted_rows(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the images to keep the probabilities of each network of: at most `MOST`, evenly spaced, int64 [n].

    Args:
        count: number of images.

    Returns:
        Nothing for too few images.
    """
    if count < FEWEST:
        return np.zeros(0, dtype=np.int64)
    return np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(np.int64))


def estimate_new(record: LabelFreeRecord, predictor: RunPredictor, answers: RunAnswers) -> LabelFree | None:
    """Estimate the accuracy of a run's predictions of new images.

    Args:
        record: of the run.
        predictor: of the run.
        answers: of the predictor, for `wanted_rows` of the images.

    Returns:
        None for too few images, and where the networks that predict are not those of the folds.
    """
    rows = wanted_rows(len(answers.final))
    if not len(rows):
        return None
    units: list[Floats] = predictor.units(answers, len(record.units))
    return from_record(record).estimate(units, answers.final[rows]) if units else None
