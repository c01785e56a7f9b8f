"""How many labels are wrong: a mixture of a network's honest errors and of labels that were changed.

Out-of-fold predictions differ from labels for two reasons, and only their shapes distinguish them.

- Honest errors are the fewer, the more confident the network is (logistic in the log-odds of its most probable class),
  and the label is mostly among the probable classes (a mixture of the network's own probabilities of the other classes
  at several temperatures, and of a uniform distribution).
- Wrong labels are equally frequent at all confidences, and any other class is as probable as any other.

The parameters are those of greatest likelihood, by expectation maximisation. A family of near-duplicates counts once.
The networks have never seen the rows, so a wrong label is not partly learnt; its copies are in the same fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from sketchfit.inference.arrays import Floats
from sketchfit.inference.held_out_scores import LabelledScores

LEAST_RATE, FIRST_RATE = 1e-6, 0.03
STEPS, TOLERANCE = 400, 1e-3
"""Most steps; gain in log-likelihood, in nats, at which they end."""

NO_NOISE = 10.83
"""Twice the loss in log-likelihood without wrong labels, from which noise is shown: the 0.999 quantile of χ²."""

LOWER_END = 6.63
"""Twice the loss in log-likelihood at the lower end of the noise rate: the 0.99 quantile of χ² with 1 degree."""

FLAT_SHARE, _FLAT = 0.25, 2
"""Largest share of honest errors that is almost evenly distributed, by the last two distributions. Without a limit, no
noise would be shown where a network errs on wrong labels only."""

_FLATTEST, _RIDGE, _SPREAD = 0.02, 0.01, 0.01


@dataclass(frozen=True)
class NoiseModel:
    """Parameters.

    Attributes:
        rate: share of wrong labels, 0 … 1.
        line: float64 [2]: log-odds of an honest error = line[0] - line[1] · log-odds of the most probable class.
        mixture: float64 [K], shares of the distributions of honest errors.
    """

    rate: float
    line: Floats
    mixture: Floats

    def densities(self, rows: LabelledScores) -> tuple[Floats, Floats]:
        """Return the probability of each label if it is right, and if it is wrong, float64 [N] each."""
        error = np.clip(expit(self.line[0] - self.line[1] * rows.logit), 1e-9, 1 - 1e-9)
        among = error * (rows.parts @ self.mixture)
        others = rows.classes - 1
        right = np.where(rows.differs, among, 1 - error)
        return np.maximum(right, 1e-300), np.where(rows.differs, 1 - among, error) / others

    def wrong(self, rows: LabelledScores) -> Floats:
        """Return the probability that each label is wrong, float64 [N]."""
        right, wrong = self.densities(rows)
        return np.asarray(self.rate * wrong / ((1 - self.rate) * right + self.rate * wrong))

    def log_likelihood(self, rows: LabelledScores) -> float:
        """Return the weighted log-likelihood in nats."""
        right, wrong = self.densities(rows)
        return float(rows.weight @ np.log((1 - self.rate) * right + self.rate * wrong))


def fit_noise(rows: LabelledScores, rate: float | None = None, start: NoiseModel | None = None) -> NoiseModel:
    """Return the parameters of greatest likelihood.

    Args:
        rows: at least one.
        rate: fixed share of wrong labels; None: it is fitted too.
        start: parameters to start from, which change only the time.
    """
    count = rows.parts.shape[1]
    model = start or NoiseModel(FIRST_RATE, np.array([0.0, 1.0]), np.full(count, 1 / count))
    model = model if rate is None else replace(model, rate=rate)
    last = -np.inf
    for _ in range(STEPS):
        value = model.log_likelihood(rows)
        if value - last < TOLERANCE:
            break
        last, wrong = value, model.wrong(rows)
        right = rows.weight * (1 - wrong)
        fitted = max(float(rows.weight @ wrong / rows.weight.sum()), LEAST_RATE) if rate is None else rate
        model = NoiseModel(fitted, _line(rows, right, model.line), _mixture(rows, right, model.mixture))
    return model


def lowest_noise(rows: LabelledScores, fitted: NoiseModel) -> NoiseModel | None:
    """Return the parameters at the lower end of the noise rate's 99 % interval (profile likelihood).

    Args:
        rows: those of `fitted`.
        fitted: of greatest likelihood.

    Returns:
        None where no noise is shown: the 99.9 % interval contains 0.
    """
    best_value = fitted.log_likelihood(rows)
    if fit_noise(rows, LEAST_RATE).log_likelihood(rows) >= best_value - NO_NOISE / 2:
        return None
    least = best_value - LOWER_END / 2
    low, best = np.log(LEAST_RATE), fitted
    for _ in range(12):
        middle = (low + np.log(best.rate)) / 2
        tried = fit_noise(rows, float(np.exp(middle)), best)
        if tried.log_likelihood(rows) < least:
            low = middle
        else:
            best = tried
    return best


def _line(rows: LabelledScores, right: Floats, line: Floats) -> Floats:
    """Improve the logistic line of honest errors by two steps of Newton's method."""
    inputs = np.column_stack([np.ones(len(rows.logit)), -rows.logit])
    for _ in range(2):
        error = expit(inputs @ line)
        slope = inputs.T @ (right * (rows.differs - error)) - _RIDGE * (line - [0.0, 1.0])
        curvature = (inputs * (right * error * (1 - error))[:, None]).T @ inputs + _RIDGE * np.eye(2)
        line = line + np.linalg.solve(curvature, slope)
        line[1] = max(line[1], _FLATTEST)
    return line


def _mixture(rows: LabelledScores, right: Floats, mixture: Floats) -> Floats:
    """Improve the shares of the distributions of honest errors."""
    parts, weight = rows.parts[rows.differs] * mixture, right[rows.differs]
    share = weight @ (parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-300)) + _SPREAD
    share = np.asarray(share / share.sum())
    if (flat := share[-_FLAT:].sum()) > FLAT_SHARE:
        share[-_FLAT:] *= FLAT_SHARE / flat
        share[:-_FLAT] *= (1 - FLAT_SHARE) / (1 - flat)
    return share
