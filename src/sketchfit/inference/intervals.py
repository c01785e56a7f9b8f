"""Confidence intervals for proportions and means, and paired comparisons on the same rows.

Near-duplicates are often all correct or all wrong, so rows are not independent. Where `group` (int [N], one number per
family of near-duplicates) is given, families are the unit of resampling and of the effective sample size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.proportions import LEVEL, accuracy, sums_by_group, wilson

__all__ = [
    "LEVEL",
    "Difference",
    "Estimate",
    "PairedFigures",
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
        p_value = _share_beyond_zero(means)
    return Difference(float(change.mean()), float(low), float(high), p_value, len(change))


@dataclass(frozen=True)
class PairedFigures:
    """Means of several figures over the same rows, each under the same resamples of these rows.

    All pairs of K figures cost K bootstraps. Intervals and p-values are those of `paired_difference` by groups, so they
    come from one test and agree.

    Attributes:
        mean: float64 [K].
        resampled: float64 [K, repeats].
        n: rows.
    """

    mean: NDArray[np.float64]
    resampled: NDArray[np.float64]
    n: int

    @classmethod
    def of(
        cls, values: Sequence[NDArray[Any]], group: NDArray[Any] | None = None, *, seed: int = 0, repeats: int = 2000
    ) -> PairedFigures:
        """Resample the rows.

        Args:
            values: K arrays [N], float or bool.
            group: int [N]; None: every row is its own group.
            seed: the resamples are a pure function of it.
            repeats: resamples.
        """
        rows = [np.asarray(one, dtype=np.float64) for one in values]
        resampled = np.stack([_resampled_means(one, group, seed, repeats) for one in rows])
        return cls(np.array([one.mean() for one in rows]), resampled, len(rows[0]))

    def difference(self, first: int, second: int, level: float = LEVEL) -> Difference:
        """Return figure `second` minus figure `first`, with its bootstrap interval and p-value."""
        # Differences of equal sums of floats can differ from 0 in their last digits.
        means = np.round(self.resampled[second] - self.resampled[first], 12)
        low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
        value = float(self.mean[second] - self.mean[first])
        return Difference(value, float(low), float(high), _share_beyond_zero(means), self.n)


def mcnemar(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the two-sided p-value of McNemar's exact test: half of the rows that only one side has right on each side.

    Args:
        first, second: bool [N], correctness on the same rows.
    """
    from scipy.stats import binomtest  # takes half a second to import

    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    gained, lost = int((~a & b).sum()), int((a & ~b).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _share_beyond_zero(means: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of a bootstrap: the share of resampled means on the rarer side of 0, doubled."""
    below, above = (means <= 0).sum(), (means >= 0).sum()
    return min(1.0, 2 * (float(min(below, above)) + 1) / (len(means) + 1))


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
