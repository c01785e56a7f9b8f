"""Confidence intervals for proportions and means, and paired comparisons on the same rows.

Related rows, such as near-duplicates or those of one drawer, are often all correct or all wrong. Where `group` (int
[N], related rows share a number) is given, families are the unit of resampling and of the effective sample size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.differences import PairedFigures, paired_difference, resampled_means
from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.proportions import LEVEL, accuracy, wilson

__all__ = [
    "LEVEL",
    "Difference",
    "Estimate",
    "PairedFigures",
    "accuracy",
    "bootstrap",
    "families",
    "paired_difference",
    "wilson",
]


def families(group: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return the groups if any two rows share one; None where all rows are independent."""
    return group if len(np.unique(group)) < len(group) else None


def bootstrap(
    values: NDArray[Any], group: NDArray[Any] | None = None, *, seed: int = 0, repeats: int = 2000, level: float = LEVEL
) -> Estimate:
    """Return the mean with a percentile bootstrap interval (Efron 1979); groups are sampled with replacement.

    Args:
        values: float or bool [N].
        group: int [N]; None: every row is its own group.
        seed: the resamples are a pure function of it.
        repeats: resamples.
        level: coverage, 0 … 1.
    """
    means = resampled_means(np.asarray(values, dtype=np.float64), group, seed, repeats)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(float(np.mean(values)), float(low), float(high), len(values))
