"""Test probabilities whose mean is closer to the class frequencies of the training rows.

A network prefers some classes to others, and which ones depends on chance in its training. Where the test rows have the
class frequencies of the training rows, their mean prediction shows these preferences without labels. Probabilities are
multiplied by a weight per class, so that the mean over the test rows has these frequencies (iterative proportional
fitting, Deming and Stephan 1940; with few labelled images per class: 2006.03806).

Test rows have these frequencies where a data set with classes of equal size was split by class. That shows in the
numbers of training rows per class, which then differ by less than a random split would cause. If numbers of test rows
per class differ nevertheless, the weights of the test rows have a larger variance than those of out-of-fold rows, which
are split by class. Their logarithms are multiplied by the part of the variance that is expected (James and Stein 1961).
The gain on out-of-fold rows decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr

from sketchfit.inference import metrics
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.class_frequencies import Reference
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.prior_correction import REPEATS, reweighted

ROUNDS = 20
"""Of proportional fitting."""

VARIANCE_REPEATS = 2
"""Halvings of the out-of-fold rows for the variance of weights."""

CERTAIN = 0.001
"""A random split must have a smaller p-value than this, so that data count as split by class."""

LEAST_SHARE = 0.8
"""Least share of training rows that is assumed: the test rows may be others than those that were not chosen."""

FEWEST_CLASSES = 10
"""With fewer, numbers of rows per class are often equal by chance."""

ALIKE = 0.8
"""Least p-value of equal class frequencies. Where rows were split by class it is near 1, since their numbers per class
differ by less than the null hypothesis allows."""

FEWEST_PER_CLASS = 5
"""With fewer test rows per class, other class frequencies of the test rows are often not found."""

_LEAST_SHARE = 0.03
"""Added to frequencies and to mean predictions, relative to those of equally frequent classes."""

_LEAST_PROB = 1e-9


@dataclass(frozen=True)
class MatchingGain:
    """What matching gains on out-of-fold rows.

    Attributes:
        accuracy, log_loss: mean gain per row, with an interval by family; positive is better.
    """

    accuracy: Difference
    log_loss: Difference

    @property
    def helps(self) -> bool:
        """Whether the log-loss is shown to be better, and the accuracy is not shown to be worse.

        The log-loss uses more of each row than whether it is right, so that it shows a gain on fewer rows.
        """
        return self.log_loss.helps and not self.accuracy.hurts


def is_split_by_class(counts: Ints, share: float) -> bool:
    """Return whether numbers of rows per class are so equal that the rows were not chosen at random from all classes.

    Where each row is chosen with the same chance, the variance of a class's number of rows is at least their mean times
    the share of rows that are not chosen.

    Args:
        counts: int64 [C], training rows per class; classes without rows do not count.
        share: of the training rows among all rows, 0 … 1; at least `LEAST_SHARE` is assumed.

    Examples:
        >>> is_split_by_class(np.array([18] * 40 + [19] * 40), 0.7)
        True
        >>> is_split_by_class(np.array([14, 16, 18, 20, 22] * 16), 0.7)
        False
    """
    counts = counts[counts > 0]
    if len(counts) < FEWEST_CLASSES or share >= 1:
        return False
    chance = counts.mean() * (1 - max(share, LEAST_SHARE))
    return bool(chdtr(len(counts) - 1, ((counts - counts.mean()) ** 2).sum() / chance) < CERTAIN)


def matching_weight(
    prob: Floats, frequencies: NDArray[np.float64], expected: float | None = None
) -> NDArray[np.float64]:
    """Return the weight per class that brings the mean of probabilities closer to class frequencies.

    Args:
        prob: float [M, C], one row or more.
        frequencies: float64 [C]; they sum to 1.
        expected: variance of the logarithms of the weights where the rows have these frequencies, see
            `expected_variance`; None: they have them.

    Returns:
        float64 [C], above 0.
    """
    log_weight = np.log(fitted_weight(prob, frequencies))
    variance = float(frequencies @ log_weight**2)
    strength = 1.0 if expected is None or variance <= expected else expected / variance
    return np.asarray(np.exp(strength * log_weight))


def fitted_weight(prob: Floats, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight per class with which the mean of probabilities has class frequencies; see `matching_weight`.

    The mean of their logarithms, weighted by the frequencies, is 0; a class without a frequency has weight 1.
    """
    known = frequencies > 0
    raised = np.maximum(prob, _LEAST_PROB).astype(np.float64)  # so that each row has a sum
    least = _LEAST_SHARE / len(frequencies)
    weight = np.ones(len(frequencies))
    for _ in range(ROUNDS):
        mean = weight * ((1 / (raised @ weight)) @ raised) / len(prob)
        weight = np.where(known, weight * (frequencies + least) / (mean + least), 1.0)
    return np.where(known, weight / np.exp(frequencies @ np.log(weight)), 1.0)


def expected_variance(reference: Reference, count: int, seed: int = 0) -> float:
    """Return the variance of the logarithms of fitted weights that rows split by class have.

    It is measured on all out-of-fold rows and on halves of them, each matched to its own class frequencies. It is taken
    to have a constant part, the preferences, and a part that falls with the number of rows.

    Args:
        reference: out-of-fold rows.
        count: number of test rows, 1 or more.
        seed: of the halves.
    """
    complete = _variance(reference)
    firsts = [_half(reference, seed, repeat) for repeat in range(VARIANCE_REPEATS)]
    parts = [np.flatnonzero(half) for first in firsts for half in (first, ~first)]
    halves = [_variance(reference.part(rows)) for rows in parts if len(rows)]
    falling = max(0.0, float(np.mean(halves)) - complete) if halves else 0.0
    return max(0.0, complete - falling) + min(falling, complete) * len(reference.label) / count


def matching_gain(reference: Reference, others: Ints, count: int, seed: int = 0) -> MatchingGain | None:
    """Measure what full weights gain on out-of-fold rows, split by class, by the frequencies of the other rows.

    No row shows the gain of frequencies to which its own label has contributed. The log-loss is a convex function of
    the power of the weights, so that reduced weights gain at least their part of it.

    Args:
        reference: out-of-fold rows.
        others: int64 [n], labels of the training rows that are not out-of-fold rows.
        count: number of test rows: at most as many are used, and not more than half of all training rows.
        seed: of halves and samples, which are chosen by class.

    Returns:
        None where there are too few rows, or too few test rows per class.
    """
    label, classes = reference.label, reference.prob.shape[1]
    if count < FEWEST_PER_CLASS * len(np.unique(np.r_[label, others])) or not len(label):
        return None
    right, loss, times = (np.zeros(len(label)) for _ in range(3))
    enough = len(others) >= len(label)
    for repeat in range(1 if enough and count >= len(label) else REPEATS):
        rng = np.random.Generator(np.random.Philox(key=[seed, repeat]))
        pool = np.ones(len(label), dtype=bool) if enough else _half(reference, seed, repeat)
        rows, rest = np.flatnonzero(pool), np.r_[label[~pool], others]
        if not len(rows) or not len(rest):
            continue
        rows = rows[sampled_by_class(label[rows], count, rng)]
        prob = reference.calibrated[rows]
        matched = reweighted(prob, fitted_weight(prob, np.bincount(rest, minlength=classes) / len(rest)))
        right[rows] += matched.argmax(axis=1) == label[rows]
        right[rows] -= prob.argmax(axis=1) == label[rows]
        loss[rows] += metrics.row_log_loss(prob, label[rows]) - metrics.row_log_loss(matched, label[rows])
        times[rows] += 1
    if not times.any():
        return None
    # Divided by the mean number of times, the mean over all rows is the mean gain per row that was used.
    nothing, family = np.zeros(len(label)), reference.family
    return MatchingGain(*(paired_difference(nothing, one / times.mean(), family) for one in (right, loss)))


def sampled_by_class(label: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Return `count` rows, or all, in their order: of each class the same share, up to one row.

    Args:
        label: int64 [N].
        count: how many.
        rng: of the choice within a class.
    """
    order = np.lexsort((rng.permutation(len(label)), label))
    places = (np.arange(min(count, len(label))) * len(label)) // max(1, min(count, len(label)))
    return np.sort(order[places])


def _variance(reference: Reference) -> float:
    frequencies = reference.frequencies
    return float(frequencies @ np.log(fitted_weight(reference.calibrated, frequencies)) ** 2)


def _half(reference: Reference, seed: int, repeat: int) -> Bools:
    """Return a half of the families, by class, as rows: bool [N]."""
    family = reference.family
    first = np.unique(family, return_index=True)[1]
    rng = np.random.Generator(np.random.Philox(key=[seed, REPEATS + repeat]))
    half = np.empty(len(first), dtype=bool)
    half[np.lexsort((rng.permutation(len(first)), reference.label[first]))] = np.arange(len(first)) % 2 == repeat % 2
    return np.asarray(half[family])
