"""Wilson's interval for proportions, also where rows are not independent.

Related rows are often all correct or all wrong. Where `group` (int [N], related rows share a number) is given,
families decide the effective sample size.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.estimates import Estimate
from sketchfit.runs.few_groups import degrees_of_freedom, independent_groups, jackknife_scale, t_quantile

LEVEL = 0.95
"""Coverage of intervals."""


def wilson(successes: float, n: float, level: float = LEVEL) -> Estimate:
    """Return Wilson's score interval for a proportion (1927), which is valid near 0 and 1 and for small n.

    Args:
        successes: 0 … n; fractions are allowed (an effective count).
        n: trials, above 0.
        level: coverage, 0 … 1.
    """
    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"{successes} successes of {n} are not a proportion")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return Estimate(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share), round(n))


def accuracy(correct: NDArray[Any], group: NDArray[Any] | None = None, level: float = LEVEL) -> Estimate:
    """Return the share of correct rows with Wilson's interval, widened where rows are related.

    With `group`, the interval uses the effective sample size of Korn & Graubard (1998): n divided by the design effect,
    which is the variance of the share between groups over that of as many independent rows, at least 1; and reduced by
    the squared ratio of t quantiles, since few groups, or a large one, estimate that variance badly. It is never below
    that of groups whose rows are all alike. Where all rows are correct, or all wrong, it is the number of groups.

    Args:
        correct: bool [N].
        group: int [N], or None for independent rows.
        level: coverage, 0 … 1.
    """
    right = np.asarray(correct, dtype=np.float64)
    plain = wilson(float(right.sum()), len(right), level)
    if group is None:
        return plain
    effective = effective_rows(right, group, level)
    widened = wilson(plain.value * effective, effective, level)
    return Estimate(plain.value, widened.low, widened.high, len(right))


def effective_rows(correct: NDArray[Any], group: NDArray[Any], level: float = LEVEL) -> float:
    """Return how many independent rows related ones are worth, at most their number; arguments: see `accuracy`."""
    right = np.asarray(correct, dtype=np.float64)
    sums, sizes = sums_by_group(right, group)
    share, count, one_part = float(right.mean()), len(right), np.zeros(len(sizes), dtype=np.int64)
    binomial = share * (1 - share) / count
    if binomial == 0 or len(sizes) < 2:
        return float(len(sizes))
    away = (sums - share * sizes) * jackknife_scale(sizes, one_part)
    effect = max(float(np.square(away).sum()) / count**2 / binomial, 1.0)
    known = t_quantile(level, count - 1) / t_quantile(level, degrees_of_freedom(sizes, one_part))
    return min(max(count / effect * known**2, independent_groups(sizes)), count)


def sums_by_group(values: NDArray[np.float64], group: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sum of the values of each group and its size, float64 each; `group` None: each row is one."""
    if not len(values):
        raise ValueError("there are no rows")
    if group is None:
        return values, np.ones(len(values))
    if len(group) != len(values):
        raise ValueError(f"{len(group)} group numbers for {len(values)} rows")
    _, place = np.unique(group, return_inverse=True)
    return np.bincount(place, weights=values), np.bincount(place).astype(np.float64)
