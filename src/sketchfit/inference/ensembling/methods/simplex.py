"""Weights of 0 or more that sum to 1 and minimise the log-loss of the weighted mean.

The problem is convex and needs only each member's probability of the true class. It is solved by SLSQP, followed by the
multiplicative update of expectation maximisation for mixture weights, until the duality gap proves the optimum.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule, own_probability
from sketchfit.inference.metrics import FLOOR

TOLERANCE = 1e-6
_POLISH = 2000


def simplex_weights(own: Floats, tolerance: float = TOLERANCE) -> Floats:
    """Return the weights with the least log-loss, float64 [M].

    Args:
        own: float [M, n], each member's probability of the true class.
        tolerance: nats; the log-loss is at most this above the optimum (see `duality_gap`).
    """
    p = np.maximum(own, FLOOR)
    members = len(p)

    def loss(w: Floats) -> tuple[float, Floats]:
        mixed = np.maximum(w @ p, FLOOR)
        return float(-np.log(mixed).mean()), -(p / mixed).mean(axis=1)

    start = np.full(members, 1 / members)
    simplex = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)}
    found = minimize(
        loss,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints=[simplex],
        options={"ftol": 1e-12, "maxiter": 300},
    ).x
    found = np.clip(np.nan_to_num(found), 0, None)
    w = found / found.sum() if found.sum() > 0 and loss(found / found.sum())[0] <= loss(start)[0] else start
    if duality_gap(w, p) > tolerance:
        w = np.maximum(w, 1e-6)  # a weight of 0 would stay 0 under a multiplicative update
        w /= w.sum()
        for _ in range(_POLISH):
            w = w * -loss(w)[1]
            if duality_gap(w, p) <= tolerance:
                break
    return np.asarray(w / w.sum())


def duality_gap(weights: Floats, own: Floats) -> float:
    """Return the most by which the log-loss of these weights can exceed the optimum, in nats: 0 at the optimum.

    By concavity of the log-likelihood, no weights gain more than max over members of mean(own / mixture) - 1.
    """
    p = np.maximum(own, FLOOR)
    return float((p / np.maximum(weights @ p, FLOOR)).mean(axis=1).max() - 1)


@ensembling.register("simplex")
def simplex(section: EnsembleSection, seed: int) -> Fit:
    """Return the method of the weighted mean with the least log-loss."""
    del section, seed
    return fit_simplex


def fit_simplex(members: Members, label: Ints, rows: Ints) -> Rule:
    """Fit the weighted mean with the least log-loss on these rows."""
    return Rule(simplex_weights(own_probability(members, label, rows)))
