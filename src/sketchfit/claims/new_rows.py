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


def wanted_rows(count: int) -> NDArray[np.int64]:
    """Return the images to keep the probabilities of each network of: at most `MOST`, evenly spaced, int64 [n].

    Args:
        count: number of images.

    Returns:
        Nothing for too few images.
    """
    if count < FEWEST:
        return np.zeros(0, dtype=np.int64)
    return np.linspace(0, count - 1, min(count, MOST)).astype(np.int64)


def estimate_new(
    record: LabelFreeRecord, predictor: RunPredictor, answers: RunAnswers, rows: NDArray[np.int64], readable: Bools
) -> LabelFree | None:
    """Estimate the accuracy of a run's predictions of new images.

    Args:
        record: of the run.
        predictor: of the run.
        answers: of the predictor, with the probabilities of each network for `rows`.
        rows: `wanted_rows` of the images.
        readable: bool [N], images that could be read.

    Returns:
        None for too few readable images, where the networks that predict are not those of the folds, and where an
        earlier version made the record.
    """
    used = readable[rows]
    if used.sum() < FEWEST:
        return None
    units: list[Floats] = [unit[used] for unit in predictor.units(answers, [one.networks for one in record.units])]
    return from_record(record).estimate(units, answers.final[rows[used]]) if units else None
