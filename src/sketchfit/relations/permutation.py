"""Whether pairs of the same group are more similar than pairs of other groups: a permutation test.

Units (rows, or sums over rows that stay together) have a class and a group. The statistic compares the mean cosine of
pairs of the same group with that of pairs of different groups, either within classes or across classes. Groups are
permuted among the units of each class, which changes neither classes nor sizes of groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

_FIRST, _ALL = 39, 199
_UNCLEAR = (1.5, 10.0)
"""With z in this range after the first permutations, the others follow."""


@dataclass(frozen=True)
class PairComparison:
    """Result of a permutation test.

    Attributes:
        effect: share by which the squared distance between units of the same group is smaller than that between units
            of different groups: 0 where groups mean nothing, 1 where their units are identical.
        z: effect in standard deviations of its permutations, from their mean.
        p: probability of such an effect, or a larger one, by chance.
        pairs: number of pairs of rows of the same group that were compared.
    """

    effect: float
    z: float
    p: float
    pairs: int


@dataclass(frozen=True)
class Units:
    """Units, sorted by class and, within it, by group.

    Attributes:
        total: float32 [U, d], sum of the directions of each unit's rows.
        count: float64 [U], rows of each unit.
        square: float64 [U], squared length of `total`: pairs within a unit are not compared.
        label: int64 [U], class.
        cell: int64 [cells], first unit of each combination of class and group.
        cell_label, cell_group: int64 [cells].
    """

    total: Floats
    count: NDArray[np.float64]
    square: NDArray[np.float64]
    label: Index
    cell: Index
    cell_label: Index
    cell_group: Index

    @classmethod
    def of(cls, unit: Floats, label: Index, group: Index, together: Index | None = None) -> Units:
        """Collect units.

        Args:
            unit: float32 [n, d], directions of rows.
            label, group: int64 [n], class and group of each row.
            together: int64 [n], rows of one class and group that are one unit; by default every row is.
        """
        own = np.arange(len(label), dtype=np.int64) if together is None else together
        order = np.lexsort((own, group, label))
        keys = np.stack([label[order], group[order], own[order]])
        starts = _starts(keys)
        count = np.diff(np.append(starts, len(label))).astype(np.float64)
        total = np.add.reduceat(unit[order], starts, axis=0) if len(starts) else unit[order]
        square = np.einsum("ij,ij->i", total, total, dtype=np.float64)
        unit_keys = keys[:2, starts]
        cell = _starts(unit_keys)
        return cls(total, count, square, unit_keys[0], cell, unit_keys[0, cell], unit_keys[1, cell])

    def shuffled(self, rng: np.random.Generator) -> Units:
        """Return the units with their contents permuted within each class."""
        order = np.argsort(self.label + rng.random(len(self.label)))  # labels are whole numbers
        return replace(self, total=self.total[order], count=self.count[order], square=self.square[order])


def compare_within(units: Units, seed: int = 0) -> PairComparison:
    """Compare pairs of units of one class."""
    return _compare(units, _within, seed)


def compare_across(units: Units, seed: int = 0) -> PairComparison:
    """Compare pairs of units of different classes."""
    return _compare(units, _across, seed)


@dataclass(frozen=True)
class _Contrast:
    """A statistic.

    Attributes:
        same, other: mean cosine of pairs of the same group, and of different groups.
        pairs: ordered pairs of the same group.
        log_arrangements: logarithm of the number of different permutations; the probability cannot be smaller.
    """

    same: float
    other: float
    pairs: float
    log_arrangements: float

    @property
    def effect(self) -> float:
        return (self.same - self.other) / max(1 - self.other, 1e-9)


def _compare(units: Units, contrast: Callable[[Units], _Contrast | None], seed: int) -> PairComparison:
    found = contrast(units) if len(units.label) else None
    if found is None:
        return PairComparison(0.0, 0.0, 1.0, 0)
    rng = np.random.Generator(np.random.Philox(key=seed))
    null: list[float] = []
    for planned in (_FIRST, _ALL):
        while len(null) < planned:
            permuted = contrast(units.shuffled(rng))
            null.append(permuted.effect if permuted else 0.0)
        mean, spread = float(np.mean(null)), float(np.std(null, ddof=1))
        z = (found.effect - mean) / spread if spread > 1e-9 else 0.0
        if not _UNCLEAR[0] < z < _UNCLEAR[1]:
            break
    return PairComparison(found.effect, z, _tail(z, null, found.log_arrangements), round(found.pairs / 2))


def _tail(z: float, null: list[float], log_arrangements: float) -> float:
    """Return the probability of at least z, from a gamma distribution with the skewness of the permutations.

    Josse, Pagès, Husson: Testing the significance of the RV coefficient (2008).
    """
    from scipy.stats import pearson3  # takes half a second to import

    if z == 0.0:
        return 1.0
    scaled = (np.array(null) - np.mean(null)) / np.std(null)
    skew = float(np.mean(scaled**3))
    p = float(pearson3.sf(z, skew)) if skew > 0.05 else float(ndtr(-z))
    return max(p, exp(-log_arrangements), 1e-12)


def _within(units: Units) -> _Contrast | None:
    cell_total = np.add.reduceat(units.total, units.cell, axis=0)
    cell_count = np.add.reduceat(units.count, units.cell)
    # Sums over ordered pairs of different units: of the same cell, and of the same class.
    cosine = _squared(cell_total) - np.add.reduceat(units.square, units.cell)
    pairs = cell_count**2 - np.add.reduceat(units.count**2, units.cell)
    first = _starts(units.cell_label[None])
    of_class = np.add.reduceat(units.square, units.cell[first]), np.add.reduceat(units.count**2, units.cell[first])
    every_cosine = _squared(np.add.reduceat(cell_total, first, axis=0)) - of_class[0]
    every_pair = np.add.reduceat(cell_count, first) ** 2 - of_class[1]
    cosine, pairs = np.add.reduceat(cosine, first), np.add.reduceat(pairs, first)
    usable = (pairs > 0) & (every_pair > pairs)
    if not usable.any():
        return None
    weight = pairs[usable] / pairs[usable].sum()
    other = (every_cosine - cosine)[usable] / (every_pair - pairs)[usable]
    same = float(weight @ (cosine[usable] / pairs[usable]))
    of_cells = np.diff(np.append(units.cell, len(units.label)))
    arrangements = gammaln(np.bincount(units.label) + 1.0).sum() - gammaln(of_cells + 1.0).sum()
    return _Contrast(same, float(weight @ other), float(pairs[usable].sum()), float(arrangements))


def _across(units: Units) -> _Contrast | None:
    cell_total = np.add.reduceat(units.total, units.cell, axis=0)
    cell_count = np.add.reduceat(units.count, units.cell)
    by_group = np.argsort(units.cell_group, kind="stable")
    group = _starts(units.cell_group[by_group][None])
    first = _starts(units.cell_label[None])
    cosine = _squared(np.add.reduceat(cell_total[by_group], group, axis=0)).sum() - _squared(cell_total).sum()
    pairs = (np.add.reduceat(cell_count[by_group], group) ** 2).sum() - (cell_count**2).sum()
    of_class = np.add.reduceat(cell_total, first, axis=0)
    every_cosine = _squared(of_class.sum(axis=0)[None]).sum() - _squared(of_class).sum()
    every_pair = cell_count.sum() ** 2 - (np.add.reduceat(cell_count, first) ** 2).sum()
    if pairs <= 0 or every_pair <= pairs:
        return None
    other = float((every_cosine - cosine) / (every_pair - pairs))
    arrangements = np.sort(gammaln(np.bincount(units.cell_label) + 1.0))[:-1].sum()  # relative to one class
    return _Contrast(float(cosine / pairs), other, float(pairs), float(arrangements))


def _squared(sums: Floats) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", sums, sums, dtype=np.float64)
    return squares


def _starts(keys: Index) -> Index:
    """Return the first column of each run of equal columns [K, n]."""
    if not keys.shape[1]:
        return np.zeros(0, dtype=np.int64)
    changes = (np.diff(keys, axis=1) != 0).any(axis=0)
    return np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)
