"""Test probabilities whose mean is closer to the class frequencies of the training rows.

A network prefers some classes to others, and which ones depends on chance in its training. Where the test rows have the
class frequencies of the training rows, their mean prediction shows these preferences without labels. Probabilities are
multiplied by a weight per class, so that the mean over the test rows has these frequencies (iterative proportional
fitting, Deming and Stephan 1940; with few labelled images per class: 2006.03806).

The mean prediction also differs by chance: n test rows have n·f rows of a class on average, with a variance of n·f. The
logarithms of the weights are therefore multiplied by the part of their variance that this does not explain (James and
Stein 1961). Where predictions are confident, chance causes larger weights than that: the gain on out-of-fold rows
decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats
from sketchfit.inference.class_frequencies import Reference
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.prior_correction import REPEATS, resampled_rows, reweighted

ROUNDS = 20
"""Of proportional fitting."""

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
    chance = (int((frequencies > 0).sum()) - 1) / len(prob)
    strength = max(0.0, 1 - chance / variance) if variance > 0 else 0.0
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


def matching_gain(reference: Reference, count: int, seed: int = 0) -> Difference | None:
    """Measure the gain in accuracy on out-of-fold rows, sampled as so many test rows of the same class frequencies.

    Args:
        reference: out-of-fold rows.
        count: number of test rows.
        seed: of the samples.

    Returns:
        Mean gain per sampled row with a bootstrap interval by family; None where there are no rows.
    """
    every, label = np.arange(len(reference.label)), reference.label
    before, after, times = (np.zeros(len(every)) for _ in range(3))
    for repeat in range(REPEATS):
        rng = np.random.Generator(np.random.Philox(key=[seed, repeat]))
        rows = resampled_rows(reference, every, reference.frequencies, count, rng)
        if rows is None:
            return None
        prob = reference.calibrated[rows]
        matched = reweighted(prob, matching_weight(prob, reference.frequencies))
        np.add.at(before, rows, prob.argmax(axis=1) == label[rows])
        np.add.at(after, rows, matched.argmax(axis=1) == label[rows])
        np.add.at(times, rows, 1)
    return paired_difference(before / times.mean(), after / times.mean(), reference.family)
