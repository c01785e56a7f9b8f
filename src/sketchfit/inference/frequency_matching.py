"""Test probabilities whose mean is closer to the class frequencies of the training rows.

A network prefers some classes to others, and which ones depends on chance in its training. Where the test rows have the
class frequencies of the training rows, their mean prediction shows these preferences without labels. Probabilities are
multiplied by a weight per class, so that the mean over the test rows has these frequencies (iterative proportional
fitting, Deming and Stephan 1940; with few labelled images per class: 2006.03806).

The mean prediction also differs by chance: n test rows have n·f rows of a class on average, with the variance of a
Poisson distribution. The logarithms of the weights are therefore multiplied by the part of their variance that this
would not explain for certain predictions (James and Stein 1961). The gain on out-of-fold rows decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.class_frequencies import Reference
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.prior_correction import REPEATS, reweighted

ROUNDS = 20
"""Of proportional fitting."""

EVEN = 0.1
"""Variance of the numbers of rows per class over their mean, below which the data were split by class. A random part of
classes of equal size has one minus its share: 0.4, where 60 % of the drawings are training drawings."""

FEWEST_PER_CLASS = 5
"""With fewer test rows per class, other class frequencies of the test rows are often not found."""

_LEAST_SHARE = 0.03
"""Added to frequencies and to mean predictions, relative to those of equally frequent classes."""

_LEAST_PROB = 1e-9


def matching_weight(prob: Floats, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight per class that brings the mean of probabilities closer to class frequencies.

    Args:
        prob: float [M, C], one row or more.
        frequencies: float64 [C]; they sum to 1.

    Returns:
        float64 [C], above 0; 1 for all where the number of rows per class explains all differences.
    """
    log_weight = np.log(fitted_weight(prob, frequencies))
    variance = float(frequencies @ log_weight**2)
    chance = float(frequencies @ chance_variance(frequencies, len(prob)))
    strength = max(0.0, 1 - chance / variance) if variance > 0 else 0.0
    return np.asarray(np.exp(strength * log_weight))


def chance_variance(frequencies: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Return the variance of the logarithm of each fitted weight by the number of rows of its class alone.

    Predictions are taken to be certain and right, and the number of rows of a class to have a Poisson distribution. It
    is at least one over their expected number: with less than one row, there is often none.

    Args:
        frequencies: float64 [C]; they sum to 1.
        rows: number of test rows, 1 or more.

    Returns:
        float64 [C]; 0 for a class without a frequency.
    """
    found, least = np.zeros(len(frequencies)), _LEAST_SHARE / len(frequencies)
    for frequency in np.unique(frequencies[frequencies > 0]):
        mean = rows * frequency
        counts = np.arange(max(0, int(mean - 10 * mean**0.5)), int(mean + 10 * mean**0.5) + 10)
        chance = np.exp(counts * np.log(mean) - mean - gammaln(counts + 1))  # Poisson
        log_weight = np.log((counts / rows + least) / (frequency + least))
        variance = chance @ log_weight**2 - (chance @ log_weight) ** 2
        found[frequencies == frequency] = max(variance, 1 / mean)
    return found


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


def matching_gain(reference: Reference, count: int, seed: int = 0) -> Difference | None:
    """Measure the gain in accuracy on out-of-fold rows: those of one half, by the class frequencies of the other half.

    No row shows the gain of frequencies to which its own label has contributed. Families are halved by class where the
    numbers of rows per class are almost equal, so that test rows were probably split by class too; at random otherwise.

    Args:
        reference: out-of-fold rows.
        count: number of test rows: as many are used, but not more than half of the reference.
        seed: of halves and samples.

    Returns:
        Mean gain per row that was used with a bootstrap interval by family; None where there are too few rows,
        or too few test rows per class.
    """
    if count < FEWEST_PER_CLASS * int((reference.frequencies > 0).sum()):
        return None
    family, label = reference.family, reference.label
    first = np.unique(family, return_index=True)[1]
    order_by = label[first] if _is_even(label) else np.zeros_like(first)
    before, after, times = (np.zeros(len(family)) for _ in range(3))
    for repeat in range(REPEATS):
        rng = np.random.Generator(np.random.Philox(key=[seed, repeat]))
        order = np.lexsort((rng.permutation(len(first)), order_by))
        half = np.empty(len(first), dtype=bool)
        half[order] = np.arange(len(first)) % 2 == repeat % 2
        pool, rest = np.flatnonzero(half[family]), np.flatnonzero(~half[family])
        if not len(pool) or not len(rest):
            continue
        rows = rng.choice(pool, min(count, len(pool)), replace=False)
        prob = reference.calibrated[rows]
        matched = reweighted(prob, matching_weight(prob, reference.part(rest).frequencies))
        before[rows] += prob.argmax(axis=1) == label[rows]
        after[rows] += matched.argmax(axis=1) == label[rows]
        times[rows] += 1
    if not times.any():
        return None
    # Divided by the mean number of times, the mean over all rows is the mean gain per row that was used.
    return paired_difference(before / times.mean(), after / times.mean(), family)


def _is_even(label: Ints) -> bool:
    """Return whether numbers of rows per class are so equal that the data were split by class."""
    counts = np.bincount(label)
    counts = counts[counts > 0]
    return len(counts) > 1 and float(counts.var()) < EVEN * float(counts.mean())
