"""The calibrated rule of conformal prediction sets, with NumPy only: bundles use it without what calibrates it.

Scores: `lac`, one minus the true class's probability: the smallest sets on average (Sadinle et al., 1609.00451).
`aps`, the total probability of the classes down to the true one: similar coverage on easy and hard rows (Romano et al.,
2006.02544). `raps`, the same with a penalty on long sets (Angelopoulos et al., 2009.14193).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.inference.arrays import Bools, Floats

Score = Literal["lac", "aps", "raps"]
RAPS_PENALTY = 0.01
RAPS_FREE = 5
SLACK = 1e-9
"""Difference of scores that counts as none."""


@dataclass(frozen=True)
class ConformalSets:
    """A calibrated rule for sets.

    Attributes:
        score: `lac`, `aps` or `raps`.
        threshold: classes that score at most this are in the set; infinite where n is too small for the coverage.
        coverage: 0 … 1.
        n: calibration rows; related rows count as one.
    """

    score: Score
    threshold: float
    coverage: float
    n: int

    def sets(self, prob: Floats) -> Bools:
        """Return the classes of each row's set, bool [N, C], for probabilities float [N, C].

        Each set has the most probable class, even if it scores badly, which can only raise coverage.
        """
        inside = np.asarray(scores(prob, self.score) <= self.threshold + SLACK)
        inside[np.arange(len(prob)), prob.argmax(axis=1)] = True
        return inside


def scores(prob: Floats, score: Score) -> Floats:
    """Return the score of each class in each row, float64 [N, C]; low is better. Ties are ordered by class index."""
    p = prob.astype(np.float64)
    if score == "lac":
        return np.asarray(1 - p)
    order = np.argsort(-p, axis=1, kind="stable")
    total = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1)
    if score == "raps":
        total += RAPS_PENALTY * np.maximum(np.arange(1, p.shape[1] + 1) - RAPS_FREE, 0)
    out = np.empty_like(p)
    np.put_along_axis(out, order, total, axis=1)
    return out
