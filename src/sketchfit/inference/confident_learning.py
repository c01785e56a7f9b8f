"""Confident learning: which class a network is confident of for each row, and which labels differ from it.

"Confident Learning: Estimating Uncertainty in Dataset Labels" (Northcutt et al., 1911.00068). A row is confidently of a
class if its probability is at least the mean probability of that class on the rows with that label. Rows that are
confidently of another class than their label are the off-diagonal entries of the confident joint.
"""

from __future__ import annotations

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints

TOLERANCE = 1e-6
"""Largest difference at which a probability still counts as equal to the threshold of its class."""


def confident_classes(prob: Floats, label: Ints) -> Ints:
    """Return the class that each row is confidently of, int64 [N]; -1 where there is none.

    Where a row is confidently of several classes, it is the most probable class.

    Args:
        prob: float [N, C], out of fold, rows sum to 1.
        label: int64 [N].
    """
    classes = prob.shape[1]
    own = prob[np.arange(len(label)), label].astype(np.float64)
    count = np.bincount(label, minlength=classes)
    total = np.bincount(label, weights=own, minlength=classes)
    threshold = np.where(count > 0, np.maximum(total / np.maximum(count, 1), 2 * TOLERANCE), np.inf)
    confident = prob >= threshold - TOLERANCE
    several = confident.sum(axis=1) > 1
    found = np.where(several, prob.argmax(axis=1), confident.argmax(axis=1))
    return np.asarray(np.where(confident.any(axis=1), found, -1), dtype=np.int64)


def differ(prob: Floats, label: Ints, confident: Ints) -> Bools:
    """Return which labels, bool [N], differ from both the confident class and the most probable class.

    Args:
        prob: float [N, C].
        label: int64 [N]; it can differ from the labels that `confident` was found with.
        confident: int64 [N], of `confident_classes`.
    """
    return np.asarray((confident >= 0) & (confident != label) & (prob.argmax(axis=1) != label))
