"""Differences of two figures on the same rows, with an interval and a p-value that agree.

Related rows, such as near-duplicates or those of one drawer, are often all correct or all wrong. Where `group` (int
[N], related rows share a number) is given, families are the unit of resampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

from sketchfit.runs.estimates import Difference
from sketchfit.runs.few_groups import degrees_of_freedom, t_quantile
from sketchfit.runs.proportions import LEVEL, sums_by_group

_BLOCK = 1 << 22

MANY = 1 << 18
"""Groups from which on means are resampled by counts of equal groups, or by their normal distribution."""


def paired_difference(
    first: NDArray[Any],
    second: NDArray[Any],
    group: NDArray[Any] | None = None,
    *,
    seed: int = 0,
    repeats: int = 2000,
    level: float = LEVEL,
) -> Difference:
    """Return the mean of `second - first` over the same rows, with an interval and a p-value that agree.

    The interval is above or below 0 exactly where the p-value is below 1 - `level`. Both are by bootstrap over groups,
    whose resamples are stretched for few groups by √(G / (G - 1)) and the quantile of the t distribution.
    For right and wrong of independent rows both also satisfy McNemar's exact test, which is stricter where few rows
    differ: the larger p-value and the wider interval are returned. Of G groups that differ, no test that exchanges the
    two sides gives less than 2^(1 - G), so that fewer than six show nothing at 95 %.

    Args:
        first, second: [N], correctness as bool, or any figure per row, for example the log-loss.
        group: int [N]; None: rows are independent.
        seed: the resamples are a pure function of it.
        repeats: resamples.
        level: coverage, 0 … 1.
    """
    if len(first) != len(second):
        raise ValueError(f"a paired comparison needs the same rows on both sides, not {len(first)} and {len(second)}")
    change = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    return _difference(change, group, resampled_means(change, group, seed, repeats), level)


@dataclass(frozen=True)
class PairedFigures:
    """Means of several figures over the same rows, each under the same resamples of these rows.

    All pairs of K figures cost K bootstraps. Intervals and p-values are those of `paired_difference`.

    Attributes:
        values: float64 [K, n].
        resampled: means, float64 [K, repeats].
        group: int [n]; None: rows are independent.
    """

    values: NDArray[np.float64]
    resampled: NDArray[np.float64]
    group: NDArray[Any] | None

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
        rows = np.stack([np.asarray(one, dtype=np.float64) for one in values])
        return cls(rows, np.stack([resampled_means(one, group, seed, repeats) for one in rows]), group)

    def difference(self, first: int, second: int, level: float = LEVEL) -> Difference:
        """Return figure `second` minus figure `first`, with its bootstrap interval and p-value."""
        # Differences of equal sums of floats can differ from 0 in their last digits.
        means = np.round(self.resampled[second] - self.resampled[first], 12)
        return _difference(self.values[second] - self.values[first], self.group, means, level)


def _difference(
    change: NDArray[np.float64], group: NDArray[Any] | None, means: NDArray[np.float64], level: float
) -> Difference:
    """Return the mean of changes, with the interval and the p-value of its resamples that agree.

    Args:
        change: float64 [n].
        group: int [n]; None: rows are independent.
        means: of each resample.
        level: coverage.
    """
    least = min(1.0, 2.0 ** (1 - np.count_nonzero(sums_by_group(change, group)[0])))
    shown = least < 1 - level
    stretched = means if group is None else change.mean() + (means - change.mean()) * _stretch(change, group, level)
    # Neighbouring resamples without interpolation: then the interval excludes 0 exactly where p < 1 - level.
    low = float(np.quantile(stretched, 0.5 - level / 2, method="lower"))
    high = float(np.quantile(stretched, 0.5 + level / 2, method="higher"))
    if not shown:
        low, high = min(low, 0.0), max(high, 0.0)
    deciding = stretched if shown else means  # of too few groups, the exchange of the two sides decides
    below, above = (deciding <= 0).sum(), (deciding >= 0).sum()
    p_value = max(min(1.0, 2 * (float(min(below, above)) + 1) / (len(means) + 1)), least)
    if group is None and np.isin(change, (-1, 0, 1)).all():
        gained, lost = int((change > 0).sum()), int((change < 0).sum())
        exact_low, exact_high = _exact_interval(gained, lost, level)
        low, high = min(low, exact_low / len(change)), max(high, exact_high / len(change))
        p_value = max(p_value, _exact_p_value(gained, lost))
    return Difference(float(change.mean()), low, high, p_value, len(change))


def _stretch(change: NDArray[np.float64], group: NDArray[Any], level: float) -> float:
    """Return by what the spread of resamples of groups is too small: few groups, or a large one, show too little."""
    sizes = sums_by_group(change, group)[1]
    groups, one_part = len(sizes), np.zeros(len(sizes), dtype=np.int64)
    if groups < 2:
        return 1.0
    quantile = t_quantile(level, degrees_of_freedom(sizes, one_part))
    return float(np.sqrt(groups / (groups - 1)) * quantile / NormalDist().inv_cdf(0.5 + level / 2))


def _exact_p_value(gained: int, lost: int) -> float:
    """Return the p-value of McNemar's exact test: of the rows that one side alone has right, half are on each side."""
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5))) if gained + lost else 1.0


def _exact_interval(gained: int, lost: int, level: float) -> tuple[float, float]:
    """Return the interval of `gained - lost`, given their sum, by Clopper and Pearson (1934)."""
    count, tail = gained + lost, (1 - level) / 2
    low = float(betaincinv(gained, lost + 1, tail)) if gained else 0.0
    high = float(betaincinv(gained + 1, lost, 1 - tail)) if lost else 1.0
    return (2 * low - 1) * count, (2 * high - 1) * count


def resampled_means(
    values: NDArray[np.float64], group: NDArray[Any] | None, seed: int, repeats: int
) -> NDArray[np.float64]:
    """Return the mean of `values` in each resample of groups, float64 [repeats]; see `paired_difference`."""
    sums, sizes = sums_by_group(values, group)
    rng = np.random.Generator(np.random.Philox(key=seed))
    if len(sums) > MANY:
        return _resampled_many(sums, sizes, rng, repeats)
    per_block = max(1, _BLOCK // len(sums))
    means = []
    for start in range(0, repeats, per_block):
        drawn = rng.integers(0, len(sums), size=(min(per_block, repeats - start), len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)


def _resampled_many(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], rng: np.random.Generator, repeats: int
) -> NDArray[np.float64]:
    """Return the mean in each resample of many groups, float64 [repeats].

    Groups of equal sum and size are exchangeable, so that their numbers are multinomial. Where few groups are equal, as
    with log-losses, the mean is normal by the central limit theorem.

    Args:
        sums, sizes: float64 [G].
        rng: source of randomness.
        repeats: resamples.
    """
    count = len(sums)
    kinds, times = np.unique(sums + 1j * sizes, return_counts=True)
    if len(kinds) <= MANY // 256:
        found = rng.multinomial(count, times / count, size=repeats)
        return np.asarray((found @ kinds.real) / (found @ kinds.imag))
    mean = float(sums.sum() / sizes.sum())
    spread = float((sums - mean * sizes).std() / sizes.mean())
    return np.asarray(mean + spread / np.sqrt(count) * rng.standard_normal(repeats))
