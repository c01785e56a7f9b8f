"""Class frequencies of the test rows, estimated without their labels.

Black-box shift estimation (Lipton et al., 1802.03916) with soft predictions: if drawings of a class look alike in
training and test, the mean prediction on the test rows is a mixture of the classes' mean predictions out of fold, and
the shares of the mixture are the class frequencies. The equation is solved by generalised least squares, since the
noise of both means is known. Regularised as in 1903.09734, here by a normal prior on the ratios of test and training
frequency around 1 with variance τ²; the estimate is the mean over the posterior of τ² (empirical Bayes). With few rows
per class the ratios therefore stay near 1, and with many rows they follow the data. A class's mean prediction is itself
mixed with the one that calibrated probabilities imply, which has less noise where the class has few rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sketchfit.inference.arrays import Floats, Ints

ALPHA = 0.05
"""Frequencies with a smaller p-value differ."""

_VARIANCES = np.r_[0.0, np.geomspace(1e-3, 10, 41)]
_ZERO_SHARE = 0.2
_PRIOR_ROWS = 20.0
_LEAST_RATIO = 0.02
"""Least ratio of test and training frequency: no estimate is certain that a class of the training table is absent."""
_RESAMPLES = 999
_DEPENDENCE = 2.0
"""Variance of a mean over out-of-fold rows, over that of independent rows. Rows of two folds depend on each other
because each is in the other's training set. For five folds the rule of Nadeau & Bengio (2003) gives 2.25; random splits
of real drawings show 1.1 with linear heads and 1.5 to 1.7 with fine-tuned networks."""
_BLOCK = 1 << 24


@dataclass(frozen=True)
class Reference:
    """Out-of-fold rows that the estimate learns from.

    Attributes:
        prob: float [N, C], probabilities by the same networks as those of the test rows, before calibration, which is
            not linear: the mean over the folds' networks is comparable only without it.
        calibrated: float [N, C], of the same rows.
        label: int64 [N].
        group: int64 [N], family of related rows of each row; None where rows are independent. Test rows are assumed to
            have as many relatives among themselves.
    """

    prob: Floats
    calibrated: Floats
    label: Ints
    group: Ints | None = None

    @property
    def family(self) -> NDArray[np.int64]:
        """int64 [N], families numbered from 0."""
        group = np.arange(len(self.label)) if self.group is None else self.group
        return np.unique(group, return_inverse=True)[1].astype(np.int64)

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """float64 [C], share of each class among the rows; sums to 1."""
        return np.bincount(self.label, minlength=self.prob.shape[1]) / max(len(self.label), 1)

    def part(self, rows: Ints) -> Reference:
        """Select rows."""
        group = None if self.group is None else self.group[rows]
        return Reference(self.prob[rows], self.calibrated[rows], self.label[rows], group)


@dataclass(frozen=True)
class ClassFrequencies:
    """Class frequencies of the test rows.

    Attributes:
        training: float64 [C], of the reference's rows; sums to 1.
        test: float64 [C], estimated; sums to 1; 0 for a class without rows in the reference.
        low, high: float64 [C], 95 % intervals of the test rows' own frequencies, 0 … 1.
        variance: posterior mean of τ², the variance of test over training frequency between classes.
    """

    training: NDArray[np.float64]
    test: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    variance: float

    @property
    def weight(self) -> NDArray[np.float64]:
        """float64 [C], test over training frequency; 1 for a class without rows in the reference."""
        known = self.training > 0
        return np.where(known, self.test / np.where(known, self.training, 1), 1.0)


def estimate_frequencies(reference: Reference, test: Floats) -> ClassFrequencies:
    """Estimate the class frequencies of the test rows.

    Args:
        reference: out-of-fold rows, one or more.
        test: float [M, C], one row or more, before calibration as `reference.prob`.
    """
    prob, training = reference.prob.astype(np.float64), reference.frequencies
    if prob.shape[1] < 2 or (training > 0).sum() < 2:
        return ClassFrequencies(training, training, training, training, 0.0)
    means, noise = _class_means(reference, prob)
    difference = test.mean(axis=0, dtype=np.float64) - prob.mean(axis=0)
    noise = noise * (1 / len(test) + _DEPENDENCE / len(prob))  # of means over test rows and over out-of-fold rows
    equation = _Equation.of(means * training, noise, difference, training)
    ratio, _, variance = equation.ratios(least=0.0)
    # Equal frequencies do not give equal numbers of rows: an interval of the rows' own frequencies has to allow for it.
    middle, deviation, _ = equation.ratios(least=(training > 0).sum() * (1 / len(test) + 1 / len(prob)))
    share = np.maximum(ratio, _LEAST_RATIO) * training
    found, reach = share / share.sum(), 1.96 * deviation * training
    return ClassFrequencies(
        training=training,
        test=found,
        low=np.clip(middle * training - reach, 0, found),
        high=np.clip(middle * training + reach, found, 1),
        variance=variance,
    )


def frequencies_p_value(reference: Reference, test: Floats, seed: int = 0) -> float:
    """Return the p-value of the test rows having the training rows' class frequencies.

    The statistic is the sum over classes of the squared difference of mean predictions, each over its variance. Its
    distribution without a difference comes from a multiplier bootstrap over test rows and families of training rows,
    which keeps the dependence between classes.

    Args:
        reference: out-of-fold rows, two or more.
        test: float [M, C], two rows or more, before calibration.
        seed: of the bootstrap.
    """
    first, second = reference.prob.astype(np.float64), test.astype(np.float64)
    difference = second.mean(axis=0) - first.mean(axis=0)
    scale = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second))
    used = scale > 0
    if not used.any():
        return 1.0
    own = _centred(first[:, used] / scale[used]) / len(first)
    others = _centred(second[:, used] / scale[used]) / len(second)
    parts = [
        _sums(own, reference.family) * np.sqrt(_DEPENDENCE),
        others * np.sqrt(_design_effect(own, reference.family)),
    ]
    found = float(((difference[used] / scale[used]) ** 2).sum())
    resampled = _resampled_statistics(parts, seed)
    return float((1 + (resampled >= found).sum()) / (1 + len(resampled)))


def _resampled_statistics(parts: list[NDArray[np.float64]], seed: int) -> NDArray[np.float64]:
    """Multiply each row by an independent normal number, and return the squared length of the sum: [_RESAMPLES]."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    small = [part.astype(np.float32) for part in parts]
    step = max(1, _BLOCK // max(sum(map(len, small)), 1))
    found = []
    for start in range(0, _RESAMPLES, step):
        count = min(step, _RESAMPLES - start)
        moved = sum(rng.standard_normal((count, len(part)), dtype=np.float32) @ part for part in small)
        found.append((np.asarray(moved, np.float64) ** 2).sum(axis=1))
    return np.concatenate(found)


def _design_effect(values: NDArray[np.float64], family: Ints) -> float:
    """Return by how much families increase the variance of a sum of centred rows [N, D], at least 1."""
    alone = float((values**2).sum())
    return max(1.0, float((_sums(values, family) ** 2).sum()) / alone) if alone > 0 else 1.0


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values - values.mean(axis=0))


def _sums(values: NDArray[np.float64], place: Ints, count: int | None = None) -> NDArray[np.float64]:
    """Add up the rows [N, D] that have the same place: [count, D]."""
    places = int(place.max(initial=-1)) + 1 if count is None else count
    chosen = csr_array((np.ones(len(place)), (place, np.arange(len(place)))), shape=(places, len(place)))
    return np.asarray(chosen @ values)


def _class_means(reference: Reference, prob: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean prediction of each class's rows, as columns [C, C], and the covariance within classes [C, C]."""
    label, (rows, classes) = reference.label, prob.shape
    count = np.bincount(label, minlength=classes).astype(np.float64)
    plain = _sums(prob, label, classes) / np.maximum(count, 1)[:, None]
    weight = reference.calibrated.astype(np.float64)
    implied = (weight.T @ prob) / np.maximum(weight.sum(axis=0), 1e-12)[:, None]
    means = (count[:, None] * plain + _PRIOR_ROWS * implied) / (count[:, None] + _PRIOR_ROWS)
    rest = (prob - plain[label]) * np.sqrt(count / np.maximum(count - 1, 1))[label][:, None]
    noise = rest.T @ rest / rows * _design_effect(rest, reference.family)
    # With about as many classes as rows, sampled covariances are too small in some directions.
    shrink = min(0.5, 2 * classes / rows)
    return means.T, (1 - shrink) * noise + shrink * np.diag(np.diag(noise))


@dataclass(frozen=True)
class _Equation:
    """difference = mixing @ (ratio - 1) + noise, in coordinates in which its parts are independent.

    Attributes:
        basis: float64 [C, C-1], directions of changes of the ratios of test and training frequency.
        singular: float64 [C-1], effect of a change of 1 in each direction, in standard deviations of the noise.
        z: float64 [C-1], what was observed, in standard deviations of the noise.
    """

    basis: NDArray[np.float64]
    singular: NDArray[np.float64]
    z: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        mixing: NDArray[np.float64],
        noise: NDArray[np.float64],
        difference: NDArray[np.float64],
        training: NDArray[np.float64],
    ) -> _Equation:
        """Diagonalise. Both sides sum to 0 over classes, and so do changes of frequencies: one dimension less."""
        left, right = _complement(np.ones(len(training))), _complement(training)
        covariance = left.T @ noise @ left
        covariance += 1e-6 * max(float(np.trace(covariance)) / len(covariance), 1e-12) * np.eye(len(covariance))
        root = np.linalg.cholesky(covariance)
        u, singular, vt = np.linalg.svd(np.linalg.solve(root, left.T @ mixing @ right))
        return cls(right @ vt.T, singular, u.T @ np.linalg.solve(root, left.T @ difference))

    def ratios(self, least: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return the posterior mean of the ratios [C], their standard deviation [C], and the mean of τ² above `least`.

        Args:
            least: least variance of the ratios.
        """
        variances = (_VARIANCES + least)[:, None]
        total = variances * self.singular**2 + 1
        likelihood = -0.5 * (np.log(total) + self.z**2 / total).sum(axis=1)
        prior = np.r_[_ZERO_SHARE, np.full(len(_VARIANCES) - 1, (1 - _ZERO_SHARE) / (len(_VARIANCES) - 1))]
        weight = prior * np.exp(likelihood - likelihood.max())
        weight /= weight.sum()
        means = variances * self.singular * self.z / total
        mean = weight @ means
        between = (weight[:, None] * ((means - mean) @ self.basis.T) ** 2).sum(axis=0)
        spread = self.basis**2 @ (weight @ (variances / total)) + between
        return 1 + self.basis @ mean, np.sqrt(spread), float(weight @ _VARIANCES)


def _complement(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal basis of what is orthogonal to a vector [D], as columns [D, D-1] (Householder 1958)."""
    mirror = vector / np.linalg.norm(vector)
    mirror[0] += 1.0 if mirror[0] >= 0 else -1.0
    reflection = np.eye(len(vector)) - 2 * np.outer(mirror, mirror) / (mirror @ mirror)
    return np.asarray(reflection[:, 1:])
