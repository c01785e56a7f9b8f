"""How much validation resembles the test set: the similarity of rows to the nearest row that a network learns from.

A test drawing whose photo, object or drawer is also in the training set has a close relative there; so has a
validation row, if folds separate relatives. Whichever folds give validation rows the similarities of the test rows give
the accuracy of the test rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sketchfit.data.folds import stratified_folds

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

MOST_ROWS = 4_000
"""Validation rows and test rows that are compared, sampled where there are more."""

_BLOCK = 512


@dataclass(frozen=True)
class FoldPlan:
    """Folds as the run will make them: their number, and the seed."""

    k: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Resemblance:
    """Similarities of validation rows compared with those of test rows, for one grouping.

    Attributes:
        higher: probability that a validation row is closer to its network's training rows than a test row is, 0 … 1;
            0.5 where they resemble each other.
        error: standard error of `higher`.
        groups: number of groups.
    """

    higher: float
    error: float
    groups: int

    @property
    def mismatch(self) -> float:
        """Distance of `higher` from 0.5, 0 … 0.5."""
        return abs(self.higher - 0.5)


def resemblances(
    train: Floats, test: Floats, label: Ints, groupings: Mapping[str, Ints], plan: FoldPlan
) -> dict[str, Resemblance]:
    """Compare validation and test rows for each grouping.

    Test rows are compared with the training rows of one fold each, so that both have as many rows to be close to.

    Args:
        train: float32 [N, D], features of the training rows.
        test: float32 [M, D], of the test rows; M at least 1.
        label: int64 [N], classes.
        groupings: name to group of each training row, int64 [N]; every row has a group.
        plan: of the folds.
    """
    a, b = _unit(train), _unit(test)
    rng = np.random.Generator(np.random.Philox(key=plan.seed))
    rows, test_rows = _sample(len(a), rng), _sample(len(b), rng)
    turn = np.arange(len(test_rows)) % plan.k
    found = {}
    for name, group in groupings.items():
        part = stratified_folds(label, [1 / plan.k] * plan.k, plan.seed, group)
        valid = nearest_elsewhere(a[rows], part[rows], a, part)
        tested = nearest_elsewhere(b[test_rows], turn, a, part)
        found[name] = _compare(valid, tested, group[rows])
    return found


def nearest_elsewhere(queries: Floats, own_part: Ints, rows: Floats, part: Ints) -> Floats:
    """Return each query's largest cosine with the rows of other parts, float32 [n].

    Args:
        queries: float32 [n, D], unit rows.
        own_part: int64 [n], the part that is left out for each query.
        rows: float32 [N, D], unit rows.
        part: int64 [N].
    """
    found = np.empty(len(queries), dtype=np.float32)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosine = queries[block] @ rows.T
        cosine[own_part[block][:, None] == part[None, :]] = -2
        found[block] = cosine.max(axis=1)
    return found


def _compare(valid: Floats, tested: Floats, group: Ints) -> Resemblance:
    """Return the probability that a validation row is closer, with the error of clustered rows (DeLong et al. 1988).

    Test rows are taken to come in groups of the size of the training groups.
    """
    n, m = len(valid), len(tested)
    ranks = rankdata(np.concatenate([valid, tested]))
    own_valid, own_test = rankdata(valid), rankdata(tested)
    above = (ranks[:n] - own_valid) / m  # share of test rows below each validation row
    below = 1 - (ranks[n:] - own_test) / n
    _, place, sizes = np.unique(group, return_inverse=True, return_counts=True)
    deviation = np.bincount(place, weights=above - above.mean())
    of_valid = float((deviation**2).sum()) / n**2
    independent = float(((above - above.mean()) ** 2).sum()) / n**2
    design = max(of_valid / independent, 1.0) if independent > 0 else 1.0
    of_test = float(below.var()) / m * design
    return Resemblance(float(above.mean()), float(np.sqrt(of_valid + of_test)), len(sizes))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _sample(count: int, rng: np.random.Generator) -> Ints:
    return np.sort(rng.permutation(count)[:MOST_ROWS]).astype(np.int64)
