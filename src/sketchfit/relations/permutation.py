"""Whether pairs of the same group are more similar than pairs of other groups: a permutation test.

Units (rows, or sums over rows that stay together) have a class and a group. The statistic compares the mean cosine of
pairs of the same group with that of pairs of different groups, either within classes or across classes. Groups are
permuted among the units of each class, which changes neither classes nor sizes of groups.

`scipy.stats.permutation_test` counts permutations: with 199 of them its p is at least 0.005, which is too large to be
corrected by the number of keys. Here a distribution is fitted to the permutations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

from sketchfit.relations.pair_sums import PairSums, RowSums

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

_FIRST, _ALL = 39, 199
_UNCLEAR = (1.5, 10.0)
"""With z in this range after the first permutations, the others follow."""

_LEAST_SKEW = 0.05
"""Skewness of the permutations up to which their distribution is taken to be normal."""

_LEAST_P = 1e-12


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
        unit_of_row = np.arange(len(label), dtype=np.int64) if together is None else together
        order = np.lexsort((unit_of_row, group, label))
        keys = np.stack([label[order], group[order], unit_of_row[order]])
        starts = _starts(keys)
        count = np.diff(np.append(starts, len(label))).astype(np.float64)
        total = np.add.reduceat(unit[order], starts, axis=0) if len(starts) else unit[order]
        square = RowSums(total, count).pairs().cosine
        unit_keys = keys[:2, starts]
        cell = _starts(unit_keys)
        return cls(total, count, square, unit_keys[0], cell, unit_keys[0, cell], unit_keys[1, cell])

    def sums(self) -> RowSums:
        """Return the sums over the rows of each unit."""
        return RowSums(self.total, self.count)

    def shuffled(self, rng: np.random.Generator) -> Units:
        """Return the units with their contents permuted within each class."""
        order = np.argsort(self.label + rng.random(len(self.label)))  # labels are whole numbers
        return replace(self, total=self.total[order], count=self.count[order], square=self.square[order])


def compare_within(units: Units, seed: int = 0) -> PairComparison:
    """Compare pairs of units of one class."""
    return _compare(units, _within, _log_arrangements_within(units), seed)


def compare_across(units: Units, seed: int = 0) -> PairComparison:
    """Compare pairs of units of different classes."""
    return _compare(units, _across, _log_arrangements_across(units), seed)


@dataclass(frozen=True)
class _Contrast:
    """A statistic.

    Attributes:
        same, other: mean cosine of pairs of the same group, and of different groups.
        pairs: ordered pairs of the same group.
    """

    same: float
    other: float
    pairs: float

    @property
    def effect(self) -> float:
        return (self.same - self.other) / max(1 - self.other, 1e-9)


def _compare(
    units: Units, contrast: Callable[[Units], _Contrast | None], log_arrangements: float, seed: int
) -> PairComparison:
    """Test a contrast.

    Args:
        units: to compare; none is an answer too.
        contrast: None where there are no pairs to compare.
        log_arrangements: logarithm of the number of different permutations.
        seed: of the permutations.
    """
    found = contrast(units) if len(units.label) else None
    if found is None:
        return PairComparison(0.0, 0.0, 1.0, 0)
    permuted = _permuted_effects(units, contrast, found.effect, seed)
    z = _deviations(found.effect, permuted)
    p = max(_tail(z, permuted), exp(-log_arrangements), _LEAST_P)
    return PairComparison(found.effect, z, p, round(found.pairs / 2))


def _permuted_effects(
    units: Units, contrast: Callable[[Units], _Contrast | None], effect: float, seed: int
) -> NDArray[np.float64]:
    """Return the effects of permutations: many only where few of them do not show clearly what `effect` is."""
    rng = np.random.Generator(np.random.Philox(key=seed))

    def permuted() -> float:
        found = contrast(units.shuffled(rng))
        return found.effect if found else 0.0

    effects = np.array([permuted() for _ in range(_FIRST)])
    if not _UNCLEAR[0] < _deviations(effect, effects) < _UNCLEAR[1]:
        return effects
    return np.append(effects, [permuted() for _ in range(_ALL - _FIRST)])


def _deviations(effect: float, permuted: NDArray[np.float64]) -> float:
    """Return an effect in standard deviations of the permutations, from their mean; 0 where these are all equal."""
    spread = float(np.std(permuted, ddof=1))
    return (effect - float(np.mean(permuted))) / spread if spread > 1e-9 else 0.0


def _tail(z: float, permuted: NDArray[np.float64]) -> float:
    """Return the probability of at least z, from a gamma distribution with the skewness of the permutations.

    Josse, Pagès, Husson: Testing the significance of the RV coefficient (2008).
    """
    from scipy.stats import pearson3, skew  # takes half a second to import

    if z == 0.0:
        return 1.0
    skewness = float(skew(permuted))
    return float(pearson3.sf(z, skewness)) if skewness > _LEAST_SKEW else float(ndtr(-z))


def _within(units: Units) -> _Contrast | None:
    """Return the contrast of pairs of one class; classes count by their pairs of the same group."""
    cells = units.sums().joined(units.cell)
    first_cell = _first_cells(units)
    within_unit = PairSums(units.square, units.count**2)
    same = (cells.pairs() - within_unit.joined(units.cell)).joined(first_cell)
    every = cells.joined(first_cell).pairs() - within_unit.joined(units.cell[first_cell])
    other = every - same
    usable = (same.number > 0) & (other.number > 0)
    if not usable.any():
        return None
    same, other = same[usable], other[usable]
    weight = same.number / same.number.sum()
    return _Contrast(float(weight @ same.mean), float(weight @ other.mean), float(same.number.sum()))


def _across(units: Units) -> _Contrast | None:
    """Return the contrast of pairs of different classes."""
    cells = units.sums().joined(units.cell)
    by_group = np.argsort(units.cell_group, kind="stable")
    groups = RowSums(cells.total[by_group], cells.count[by_group]).joined(_starts(units.cell_group[by_group][None]))
    classes = cells.joined(_first_cells(units))
    same = groups.pairs().of_all() - cells.pairs().of_all()
    every = classes.of_all().pairs() - classes.pairs().of_all()
    other = every - same
    if same.number[0] <= 0 or other.number[0] <= 0:
        return None
    return _Contrast(float(same.mean[0]), float(other.mean[0]), float(same.number[0]))


def _log_arrangements_within(units: Units) -> float:
    """Return the logarithm of the number of ways to divide the units of each class among its cells."""
    of_class = np.bincount(units.label)
    of_cell = np.diff(np.append(units.cell, len(units.label)))
    return float(gammaln(of_class + 1.0).sum() - gammaln(of_cell + 1.0).sum())


def _log_arrangements_across(units: Units) -> float:
    """Return the logarithm of the number of ways to order the cells of each class, relative to one class."""
    of_class = np.bincount(units.cell_label)
    return float(np.sort(gammaln(of_class + 1.0))[:-1].sum())


def _first_cells(units: Units) -> Index:
    """Return the first cell of each class."""
    return _starts(units.cell_label[None])


def _starts(keys: Index) -> Index:
    """Return the first column of each run of equal columns [K, n]."""
    if not keys.shape[1]:
        return np.zeros(0, dtype=np.int64)
    changes = (np.diff(keys, axis=1) != 0).any(axis=0)
    return np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)
