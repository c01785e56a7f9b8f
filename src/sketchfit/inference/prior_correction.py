"""Correction of probabilities for other class frequencies, and the evidence that it helps.

"Adjusting the outputs of a classifier to new a priori probabilities" (Saerens et al. 2002): each probability is
multiplied by test over training frequency of its class. Estimated frequencies have errors, so a correction may also
make predictions worse. Its gain is measured on out-of-fold rows that are resampled to the estimated frequencies: one
half of the rows are the reference, and the frequencies of the other half are estimated without their labels, which then
show the gain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax

from sketchfit.inference import calibration
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.blocks import by_blocks
from sketchfit.inference.class_frequencies import ClassFrequencies, Reference, estimate_frequencies
from sketchfit.inference.intervals import Difference, paired_difference

REPEATS = 10
"""Halvings of the out-of-fold rows."""

OTHER_CONFIDENCE = 0.05
"""A mean confidence that differs by more is not explained by class frequencies: the drawings themselves differ."""

_CLEARLY = 3.0
_LARGEST_LOG_POWER = 3.0


def reweighted(prob: Floats, weight: NDArray[np.float64]) -> Floats:
    """Multiply probabilities by a weight per class and normalise: float [N, C], in the dtype of `prob`.

    Args:
        prob: float [N, C].
        weight: float64 [C], 0 or more. A row without any class of positive weight is unchanged.
    """

    def compute(part: slice) -> Floats:
        changed = prob[part].astype(np.float64) * weight
        total = changed.sum(axis=1, keepdims=True)
        return np.where(total > 0, changed / np.where(total > 0, total, 1), prob[part])

    return by_blocks(compute, prob.shape, prob.shape[1], prob.dtype)


def tempered(weight: NDArray[np.float64], reference: Reference, test: Floats) -> NDArray[np.float64]:
    """Reduce weights to what the confidence of the test rows allows.

    The mean of several networks is less confident than its accuracy, as calibration is fitted on single networks out of
    fold. Weights would then change too many predictions. The power of probabilities that restores the mean confidence
    of out-of-fold rows of the same class frequencies is equivalent to the inverse power of the weights.

    Args:
        weight: float64 [C], 0 or more.
        reference: out-of-fold rows.
        test: float [M, C], calibrated.

    Returns:
        float64 [C], weights to a power of at most 1.
    """
    rows = weight[reference.label]
    if not rows.sum() > 0:
        return weight
    wanted = float(rows @ reference.calibrated.max(axis=1).astype(np.float64) / rows.sum())
    score = calibration.logits(test)

    def missing(log_power: float) -> float:
        return wanted - float(softmax(np.exp(log_power) * score, axis=1).max(axis=1).mean())

    if missing(0.0) <= 0:
        return weight
    if missing(_LARGEST_LOG_POWER) >= 0:
        return np.asarray(weight ** np.exp(-_LARGEST_LOG_POWER))
    return np.asarray(weight ** np.exp(-brentq(missing, 0.0, _LARGEST_LOG_POWER, xtol=1e-3)))


def resampled_gain(reference: Reference, wanted: NDArray[np.float64], count: int, seed: int = 0) -> Difference | None:
    """Measure the gain in accuracy on out-of-fold rows that are resampled to the wanted class frequencies.

    Args:
        reference: out-of-fold rows.
        wanted: float64 [C], frequencies that the test rows are estimated to have.
        count: number of test rows: as many are sampled, but not more than half of the reference.
        seed: of halves and samples.

    Returns:
        Mean gain per sampled row with a bootstrap interval by family; None where there are too few rows.
    """
    family = reference.family
    before, after, times = (np.zeros(len(family)) for _ in range(3))
    for repeat in range(REPEATS):
        rng = np.random.Generator(np.random.Philox(key=[seed, repeat]))
        half = rng.permutation(int(family.max(initial=-1)) + 1)[family] % 2 == 0
        pool = np.flatnonzero(half)
        rows = _sample(reference, pool, wanted, min(count, len(pool)), rng)
        if rows is None or not (~half).any():
            continue
        rest = reference.part(np.flatnonzero(~half))
        weight = estimate_frequencies(rest, reference.prob[rows]).weight
        calibrated, label = reference.calibrated[rows], reference.label[rows]
        np.add.at(before, rows, calibrated.argmax(axis=1) == label)
        np.add.at(after, rows, reweighted(calibrated, weight).argmax(axis=1) == label)
        np.add.at(times, rows, 1)
    if not times.any():
        return None
    # Divided by the mean number of times, the mean over all rows is the mean gain per sampled row.
    return paired_difference(before / times.mean(), after / times.mean(), family)


def _sample(
    reference: Reference, pool: Ints, wanted: NDArray[np.float64], count: int, rng: np.random.Generator
) -> Ints | None:
    """Sample rows with replacement to class frequencies.

    Args:
        reference: out-of-fold rows.
        pool: int64 [n], those that may be sampled.
        wanted: float64 [C], frequencies.
        count: how many.
        rng: of the sample.

    Returns:
        int64 [count]; None where the pool has none of the classes.
    """
    share = np.bincount(reference.label[pool], minlength=len(wanted))
    chance = np.where(share > 0, wanted / np.maximum(share, 1), 0)[reference.label[pool]]
    if not chance.sum() > 0:
        return None
    return np.asarray(rng.choice(pool, size=count, p=chance / chance.sum()), np.int64)


def other_confidence(oof: Floats, label: Ints, tests: list[Floats], found: ClassFrequencies) -> float | None:
    """Return by how much test rows are more confident than out-of-fold rows of the same class frequencies.

    Class frequencies alone explain a certain mean confidence. A clear difference from it means that the test rows'
    drawings differ from those of the training rows, and that their class frequencies cannot be estimated.

    Args:
        oof: float [N, C] of single networks.
        label: int64 [N].
        tests: float [M, C] of each network alone, one or more: the mean of several networks is less confident.
        found: estimated frequencies.

    Returns:
        The difference if it is both clear and large, else None.
    """
    weight, confidence = found.weight[label], oof.max(axis=1).astype(np.float64)
    test = np.mean([one.max(axis=1) for one in tests], axis=0, dtype=np.float64)
    if not weight.sum() > 0:
        return None
    expected = float(weight @ confidence / weight.sum())
    spread = float(weight**2 @ (confidence - expected) ** 2 / weight.sum() ** 2 + test.var() / len(tests[0]))
    difference = float(np.mean(test)) - expected
    clear = abs(difference) > _CLEARLY * np.sqrt(spread)
    return difference if clear and abs(difference) > OTHER_CONFIDENCE else None
