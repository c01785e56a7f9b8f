"""KeyEvidence that a key relates rows: rows of one group are more similar than rows of one class have to be.

A key whose values occur in several classes is judged by rows of different classes: a drawer's hand is the same in every
class, while `photo 3` of one class and `photo 3` of another have nothing in common. Any other key is judged by rows of
the same class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.multiple_tests import holm
from sketchfit.relations.key import NO_VALUE, Groups, Key, own_groups, pair_counts
from sketchfit.relations.permutation import PairComparison, Units, compare_across, compare_within
from sketchfit.relations.space import Space

LEVEL = 0.01
"""Probability of accepting any key where none relates rows, over all keys."""
LEAST_EFFECT = 0.01
"""A smaller share of the distance is of no consequence, however certain it is."""
_MOST_ROWS, _LARGE_GROUP, _SEED = 4000, 20, 0


@dataclass(frozen=True)
class KeyEvidence:
    """KeyEvidence for one key.

    Attributes:
        groups: groups of two or more training rows.
        sizes: rows of the smallest, the median and the largest of these groups.
        effect: share by which the squared distance between rows of one class and group is smaller than that between
            rows of one class and different groups, at most 1; where no group has two rows of one class, the same of
            deviations from the class means, for rows of different classes.
        across: whether rows of different classes were compared.
        across_effect: effect for rows of different classes; 0 where they were not compared.
        z, p: of the permutation test of these rows; `judge` corrects p for the number of keys.
        hit_rate: share of the rows with others of their group whose nearest row is one of them; nearest of their class,
            or of other classes where no group has two rows of one class.
        expected_hit_rate: the same if groups meant nothing.
        related: whether the key relates rows: certain over all keys that were judged, and large enough.
    """

    groups: int
    sizes: tuple[int, float, int]
    effect: float
    across: bool
    across_effect: float
    z: float
    p: float
    hit_rate: float
    expected_hit_rate: float
    related: bool


def judge(keys: Sequence[Key], space: Space) -> tuple[KeyEvidence, ...]:
    """Return the evidence for each key; `p` and `related` are corrected for their number by Holm's method.

    Args:
        keys: candidates; the values of test rows are not used.
        space: of the training rows.
    """
    found = [evidence(space, key.train) for key in keys]
    corrected = holm([one.p for one in found])
    return tuple(
        replace(one, p=float(p), related=one.related and bool(p <= LEVEL))
        for one, p in zip(found, corrected, strict=True)
    )


def evidence(space: Space, group: Groups) -> KeyEvidence:
    """Return the evidence for one grouping, as if it were the only one.

    Args:
        space: of the training rows.
        group: int64 [N], group of each row of the table; -1 for rows without a value.
    """
    compared = own_groups(group)[space.rows]
    across = is_crossed(compared, space.label)
    chosen = _sampled(compared)
    unit, label, of_row = space.unit[chosen], space.label[chosen], compared[chosen]
    within = compare_within(Units.of(unit, label, of_row))
    test = _compare_across(unit, label, of_row) if across else within
    effect = within.effect if within.pairs else test.effect
    hits, expected = _hits(space, compared, across=not within.pairs)
    sizes = np.bincount(group[group != NO_VALUE], minlength=1)
    sizes = sizes[sizes > 1] if (sizes > 1).any() else np.zeros(1, np.int64)
    return KeyEvidence(
        groups=int((sizes > 1).sum()),
        sizes=(int(sizes.min()), float(np.median(sizes)), int(sizes.max())),
        effect=effect,
        across=across,
        across_effect=test.effect if across else 0.0,
        z=test.z,
        p=test.p,
        hit_rate=hits,
        expected_hit_rate=expected,
        related=test.p <= LEVEL and min(effect, test.effect) >= LEAST_EFFECT,
    )


def related_beyond(space: Space, coarse: Groups, fine: Groups) -> bool | None:
    """Return whether rows of one coarse group and class are related although their fine groups differ.

    Where not, the coarse groups are related only because they contain the fine ones.

    Args:
        space: of the training rows.
        coarse, fine: int64 [N], groups; each fine group is in one coarse group.

    Returns:
        None where no coarse group has two fine groups in one class.
    """
    of_row, together = own_groups(coarse)[space.rows], own_groups(fine)[space.rows]
    chosen = _sampled(of_row)
    test = compare_within(Units.of(space.unit[chosen], space.label[chosen], of_row[chosen], together[chosen]))
    return test.p <= LEVEL and test.effect >= LEAST_EFFECT if test.pairs else None


def related_within(space: Space, fine: Groups, trait: Groups) -> bool:
    """Return whether rows of one class and trait are more similar if they share a fine group.

    Where not, rows of a fine group are similar only because they share the trait, for instance because all of them show
    the left side.

    Args:
        space: of the training rows.
        fine, trait: int64 [N], groups; each fine group has one trait.
    """
    of_row = own_groups(fine)[space.rows]
    kind = pair_counts(space.label, own_groups(trait)[space.rows])[1]
    chosen = _sampled(of_row)
    test = compare_within(Units.of(space.unit[chosen], kind[chosen], of_row[chosen]))
    if test.pairs:
        return test.p <= LEVEL and test.effect >= LEAST_EFFECT
    # Nothing was compared: either no fine group has two rows of a class, or each class and trait is one fine group.
    return len(pair_counts(kind, of_row)[2]) > len(np.unique(kind))


def is_crossed(group: Groups, label: Groups) -> bool:
    """Return whether most rows that share a group share it with rows of another class."""
    numbers = np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(numbers)
    cells, _, _ = pair_counts(numbers, label)
    classes = np.bincount(cells[0])
    return bool(sizes[classes > 1].sum() > sizes[sizes > 1].sum() / 2)


def _compare_across(unit: NDArray[np.float32], label: Groups, group: Groups) -> PairComparison:
    """Compare rows of different classes; rows of one group and class stay together, as they may be related already."""
    return compare_across(Units.of(unit, label, group, together=group))


def _sampled(group: Groups) -> Groups:
    """Return at most about 4,000 rows: complete groups where groups are small, else random rows."""
    if len(group) <= _MOST_ROWS:
        return np.arange(len(group))
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    numbers, sizes = np.unique(group, return_inverse=True, return_counts=True)[1:]
    if np.mean(sizes[numbers]) >= _LARGE_GROUP:
        return np.sort(rng.permutation(len(group))[:_MOST_ROWS])
    order = rng.permutation(len(sizes))
    kept = order[np.cumsum(sizes[order]) <= _MOST_ROWS]
    return np.flatnonzero(np.isin(numbers, kept))


def _hits(space: Space, group: Groups, across: bool) -> tuple[float, float]:
    """Return how often the nearest row is of the same group, and how often a random one would be."""
    nearest = space.nearest_elsewhere if across else space.nearest
    rows = np.flatnonzero(nearest >= 0)
    numbers = np.unique(group, return_inverse=True)[1]
    cell = pair_counts(numbers, space.label)[1]
    of_cell, of_class = np.bincount(cell)[cell], np.bincount(space.label)[space.label]
    of_group = np.bincount(numbers)[numbers]
    others = of_group - of_cell if across else of_cell - 1
    candidates = len(group) - of_class if across else of_class - 1
    rows = rows[others[rows] > 0]
    if not len(rows):
        return 0.0, 0.0
    hit = numbers[nearest[rows]] == numbers[rows]
    return float(hit.mean()), float((others[rows] / candidates[rows]).mean())
