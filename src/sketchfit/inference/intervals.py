"""Confidence intervals for proportions and means, and paired comparisons on the same rows.

Near-duplicates are often all correct or all wrong, so rows are not independent. Where `group` (int [N], one number per
family of near-duplicates) is given, families are the unit of resampling and of the effective sample size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.proportions import LEVEL, accuracy, sums_by_group, wilson

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

_BLOCK = 1 << 22


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


def _resampled_means(
    values: NDArray[np.float64], group: NDArray[Any] | None, seed: int, repeats: int
) -> NDArray[np.float64]:
    sums, sizes = sums_by_group(values, group)
    rng = np.random.Generator(np.random.Philox(key=seed))
    per_block = max(1, _BLOCK // len(sums))
    means = []
    for start in range(0, repeats, per_block):
        drawn = rng.integers(0, len(sums), size=(min(per_block, repeats - start), len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)
