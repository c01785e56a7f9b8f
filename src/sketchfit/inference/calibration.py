"""Calibration on out-of-fold probabilities: temperature and vector scaling, and their effect.

"On Calibration of Modern Neural Networks" (Guo et al. 2017, 1706.04599). Logits are recovered as log-probabilities,
which differ from the network's by a constant per row that softmax ignores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from sketchfit.bank import temperature
from sketchfit.inference import folding, metrics
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks, row_blocks, sampled_rows
from sketchfit.inference.intervals import accuracy
from sketchfit.runs.large_arrays import empty_array

Method = Literal["none", "temperature", "vector"]
_LOG_RANGE = 5.0

READABLE = 20
"""Least rows of a bin of a reliability diagram: the interval of fewer is too wide to be read."""


class Calibrator(Protocol):
    """Maps probabilities [N, C] to calibrated ones [N, C]."""

    def apply(self, prob: Floats) -> Floats:
        """Return calibrated probabilities, in the dtype of `prob`."""
        ...


@dataclass(frozen=True)
class Temperature:
    """Softmax of logits / `value`: less confident above 1, more below 1; the order of classes never changes."""

    value: float = 1.0

    def apply(self, prob: Floats) -> Floats:
        """Return calibrated probabilities [N, C]."""
        return by_blocks(
            lambda part: softmax(logits(prob[part]) / self.value, axis=1), prob.shape, prob.shape[1], prob.dtype
        )


@dataclass(frozen=True)
class VectorScaling:
    """Softmax of `scale` * logits + `bias`, both float64 [C]."""

    scale: Floats
    bias: Floats

    def apply(self, prob: Floats) -> Floats:
        """Return calibrated probabilities [N, C]."""
        return by_blocks(
            lambda part: softmax(logits(prob[part]) * self.scale + self.bias, axis=1),
            prob.shape,
            prob.shape[1],
            prob.dtype,
        )


def logits(prob: Floats) -> Floats:
    """Return log-probabilities float64 [N, C], with zeros raised to `metrics.FLOOR`."""
    return np.asarray(np.log(np.maximum(prob.astype(np.float64), metrics.FLOOR)))


def fit(method: Method, prob: Floats, label: Ints) -> Calibrator:
    """Return the calibrator with the least log-loss on these rows; `none` leaves probabilities unchanged.

    Of many rows, a sample is used (see `sampled_rows`).
    """
    if method == "temperature":
        return fit_temperature(prob, label)
    if method == "vector":
        return fit_vector(prob, label)
    return Temperature()


def fit_temperature(prob: Floats, label: Ints, most: int | None = None) -> Temperature:
    """Return the temperature of least log-loss, between e^-5 and e^5.

    Args:
        prob: float [N, C].
        label: int [N].
        most: probabilities of the sample that is used; None: see `sampled_rows`.
    """
    prob, label = _sampled(prob, label, most)
    bounds = math.exp(-_LOG_RANGE), math.exp(_LOG_RANGE)
    return Temperature(temperature.fit_temperature(logits(prob), label, *bounds))


def fit_vector(prob: Floats, label: Ints, strength: float = 1.0) -> VectorScaling:
    """Return the scale and bias per class of least penalised log-loss, by L-BFGS.

    Args:
        prob: float [N, C].
        label: int [N].
        strength: weight of the penalty |scale - 1|² + |bias|², counted in rows: the objective is the *summed* log-loss
            plus strength / 2 times the penalty, so that a class with few rows stays near the identity.
    """
    prob, label = _sampled(prob, label)
    z, rows = logits(prob), np.arange(len(label))
    count = prob.shape[1]

    def loss(theta: Floats) -> tuple[float, Floats]:
        scale, bias = theta[:count], theta[count:]
        log_p = log_softmax(z * scale + bias, axis=1)
        residual = np.exp(log_p)
        residual[rows, label] -= 1
        off = theta - start
        value = -log_p[rows, label].sum() + strength / 2 * float(off @ off)
        slope = np.concatenate([(residual * z).sum(axis=0), residual.sum(axis=0)]) + strength * off
        return float(value) / len(label), slope / len(label)

    start = np.concatenate([np.ones(count), np.zeros(count)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-12, "gtol": 1e-7, "maxiter": 500})
    return VectorScaling(best.x[:count], best.x[count:])


def cross_fit(method: Method, prob: Floats, label: Ints, fold: Ints) -> Floats:
    """Return the probabilities [N, C], those of each fold calibrated on all other folds.

    Args:
        method: of calibration.
        prob: float [N, C], out-of-fold.
        label: int [N].
        fold: int [N], at least two different values.
    """
    calibrated = empty_array(prob.shape, prob.dtype)
    for _, held in folding.each_fold(fold):
        rows, others = sampled_rows(np.flatnonzero(~held), prob.shape[1]), np.flatnonzero(held)
        calibrator = fit(method, prob[rows], label[rows])
        for part in row_blocks(len(others), prob.shape[1]):
            calibrated[others[part]] = calibrator.apply(prob[others[part]])
    return calibrated


def _sampled(prob: Floats, label: Ints, most: int | None = None) -> tuple[Floats, Ints]:
    """Return rows for a fit: all of them, or a sample where there are many."""
    rows = sampled_rows(np.arange(len(label)), prob.shape[1], most)
    return (prob, label) if len(rows) == len(label) else (prob[rows], label[rows])


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: accuracy by confidence, in bins of equal numbers of rows.

    Attributes:
        confidence: float64 [B], mean confidence of the bin's rows.
        accuracy, low, high: float64 [B], share of correct rows and its 95 % interval.
        count: int64 [B], rows.
    """

    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    count: Ints


def reliability(prob: Floats, label: Ints, bins: int = 15, group: Ints | None = None) -> Reliability:
    """Return the reliability diagram of the top class.

    Args:
        prob: float [N, C].
        label: int [N].
        bins: at most so many, of equal numbers of rows; fewer where one would have less than `READABLE` rows.
        group: int [N], related rows share a number, which widens the intervals; None: rows are independent.
    """
    bins = max(1, min(bins, len(label) // READABLE))
    confidence = prob.max(axis=1).astype(np.float64)
    correct: Bools = prob.argmax(axis=1) == label
    place = metrics.bin_of(confidence, bins, "mass")
    count = np.bincount(place, minlength=bins)
    used = count > 0
    inside = (place == number for number in np.flatnonzero(used))
    shares = [accuracy(correct[own], None if group is None else group[own]) for own in inside]
    return Reliability(
        confidence=np.bincount(place, weights=confidence, minlength=bins)[used] / count[used],
        accuracy=np.array([share.value for share in shares]),
        low=np.array([share.low for share in shares]),
        high=np.array([share.high for share in shares]),
        count=count[used],
    )


@dataclass(frozen=True)
class CalibrationReport:
    """Calibration before and after. `after` is cross-fitted; `fitted` used the rows it is measured on, and is too good.

    Attributes:
        ece_before, ece_after, ece_fitted: expected calibration error, 0 … 1, by bins of equal mass.
        log_loss_before, log_loss_after: nats.
        before, after: reliability diagrams.
    """

    ece_before: float
    ece_after: float
    ece_fitted: float
    log_loss_before: float
    log_loss_after: float
    before: Reliability
    after: Reliability


def report(method: Method, prob: Floats, label: Ints, fold: Ints, bins: int = 15) -> CalibrationReport:
    """Return the effect of calibration on out-of-fold probabilities (arguments: see `cross_fit`)."""
    after = cross_fit(method, prob, label, fold)
    return report_of(prob, after, fit(method, prob, label).apply(prob), label, bins)


def report_of(
    prob: Floats, after: Floats, fitted: Floats, label: Ints, bins: int = 15, group: Ints | None = None
) -> CalibrationReport:
    """Return the effect of a calibration that is done.

    Args:
        prob: float [N, C], out-of-fold.
        after: float [N, C], each fold calibrated on all other folds.
        fitted: float [N, C], calibrated on all folds.
        label: int [N].
        bins: of the confidence.
        group: int [N], related rows share a number; None: rows are independent.
    """
    return CalibrationReport(
        ece_before=metrics.ece(prob, label, bins, "mass"),
        ece_after=metrics.ece(after, label, bins, "mass"),
        ece_fitted=metrics.ece(fitted, label, bins, "mass"),
        log_loss_before=metrics.log_loss(prob, label),
        log_loss_after=metrics.log_loss(after, label),
        before=reliability(prob, label, bins, group),
        after=reliability(after, label, bins, group),
    )
