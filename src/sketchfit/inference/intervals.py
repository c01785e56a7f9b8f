"""Confidence intervals for proportions and means, and paired comparisons on the same rows.

Near-duplicates are often all correct or all wrong, so rows are not independent. Where `group` (int [N], one number per
family of near-duplicates) is given, families are the unit of resampling and of the effective sample size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sketchfit.runs.estimates import Difference, Estimate

__all__ = [
    "LEVEL",
    "Difference",
    "Estimate",
    "accuracy",
    "bootstrap",
    "families",
    "mcnemar",
    "paired_difference",
    "wilson",
]

LEVEL = 0.95
_BLOCK = 1 << 22


def families(group: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return the groups if any two rows share one; None where all rows are independent."""
    return group if len(np.unique(group)) < len(group) else None


def wilson(successes: float, n: float, level: float = LEVEL) -> Estimate:
    """Return Wilson's score interval for a proportion (1927), which is valid near 0 and 1 and for small n.

    Args:
        successes: 0 … n; fractions are allowed (an effective count).
        n: trials, above 0.
        level: coverage, 0 … 1.
    """
    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"{successes} successes of {n} are not a proportion")
    z = float(ndtri(0.5 + level / 2))
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return Estimate(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share), round(n))


def accuracy(correct: NDArray[Any], group: NDArray[Any] | None = None, level: float = LEVEL) -> Estimate:
    """Return the share of correct rows with Wilson's interval, widened for near-duplicates.

    With `group`, the interval uses the effective sample size: n divided by the design effect, the variance of the share
    between families divided by that of as many independent rows (Korn & Graubard 1998), at least 1. Where all rows are
    correct, or all wrong, it is the number of families.

    Args:
        correct: bool [N].
        group: int [N], or None for independent rows.
        level: coverage, 0 … 1.
    """
    right = np.asarray(correct, dtype=np.float64)
    plain = wilson(float(right.sum()), len(right), level)
    if group is None:
        return plain
    sums, sizes = _by_group(right, group)
    binomial = plain.value * (1 - plain.value) / len(right)
    families = len(sizes)
    if binomial == 0 or families < 2:
        effective = float(families)
    else:
        between = families / (families - 1) * float(((sums - plain.value * sizes) ** 2).sum()) / len(right) ** 2
        effective = len(right) / max(between / binomial, 1.0)
    widened = wilson(plain.value * effective, effective, level)
    return Estimate(plain.value, widened.low, widened.high, len(right))


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
    means = _resampled_means(np.asarray(values, dtype=np.float64), group, seed, repeats)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(float(np.mean(values)), float(low), float(high), len(values))


def paired_difference(
    first: NDArray[Any],
    second: NDArray[Any],
    group: NDArray[Any] | None = None,
    *,
    seed: int = 0,
    repeats: int = 2000,
    level: float = LEVEL,
) -> Difference:
    """Return the mean of `second - first` over the same rows, with a bootstrap interval by group.

    Args:
        first, second: [N], correctness as bool, or any figure per row, for example the log-loss.
        group: int [N]; None: rows are independent, and McNemar's exact test gives the p-value of bool inputs.
        seed, repeats, level: see `bootstrap`.
    """
    if len(first) != len(second):
        raise ValueError(f"a paired comparison needs the same rows on both sides, not {len(first)} and {len(second)}")
    change = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    means = _resampled_means(change, group, seed, repeats)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    if group is None and np.asarray(first).dtype == bool and np.asarray(second).dtype == bool:
        p_value = mcnemar(first, second)
    else:
        below, above = (means <= 0).sum(), (means >= 0).sum()
        p_value = min(1.0, 2 * (float(min(below, above)) + 1) / (repeats + 1))
    return Difference(float(change.mean()), float(low), float(high), p_value, len(change))


def mcnemar(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the two-sided p-value of McNemar's exact test: half of the rows that only one side has right on each side.

    Args:
        first, second: bool [N], correctness on the same rows.
    """
    from scipy.stats import binomtest  # takes half a second to import

    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    gained, lost = int((~a & b).sum()), int((a & ~b).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _by_group(values: NDArray[np.float64], group: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any]]:
    if not len(values):
        raise ValueError("there are no rows")
    if group is None:
        return values, np.ones(len(values))
    if len(group) != len(values):
        raise ValueError(f"{len(group)} group numbers for {len(values)} rows")
    _, place = np.unique(group, return_inverse=True)
    return np.bincount(place, weights=values), np.bincount(place).astype(np.float64)


def _resampled_means(
    values: NDArray[np.float64], group: NDArray[Any] | None, seed: int, repeats: int
) -> NDArray[np.float64]:
    sums, sizes = _by_group(values, group)
    rng = np.random.Generator(np.random.Philox(key=seed))
    per_block = max(1, _BLOCK // len(sums))
    means = []
    for start in range(0, repeats, per_block):
        drawn = rng.integers(0, len(sums), size=(min(per_block, repeats - start), len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)
