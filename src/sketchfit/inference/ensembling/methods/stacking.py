"""Stacking by regularised logistic regression on log-probabilities.

"Stacked generalization" (Wolpert 1992). With M members and C classes a full regression has M·C·C coefficients: too many
for a few dozen images per class. Here each member has one coefficient, shared by all classes, and each class has a bias
(a conditional logit model): M + C numbers, a convex problem, and a penalty on the distance from the geometric mean.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.blocks import sampled_rows
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule, softmax
from sketchfit.inference.metrics import FLOOR

_ITERATIONS = 100
"""Most iterations of L-BFGS."""

_MOST_VALUES = 1 << 28
"""Probabilities of all members that are fitted on: 1 GB in float32."""


@ensembling.register("stacking")
def stacking(section: EnsembleSection, seed: int) -> Fit:
    """Return a function that fits stacking.

    The objective is the summed log-loss plus `stacking_strength` / 2 times |weights - 1 / M|² + |bias|², so the
    strength is counted in rows.
    """
    del seed
    strength = section.stacking_strength

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        rows = sampled_rows(rows, len(members) * members[0].shape[1], _MOST_VALUES)
        log_p = _log_probabilities(members, rows)
        own, place, count = label[rows], np.arange(len(rows)), len(members)
        flat = log_p.reshape(count, -1)
        start = np.concatenate([np.full(count, 1 / count), np.zeros(log_p.shape[2])])

        def loss(theta: Floats) -> tuple[float, Floats]:
            z = (theta[:count].astype(flat.dtype) @ flat).reshape(log_p.shape[1:])
            p = softmax(z + theta[count:].astype(flat.dtype))
            off = theta - start
            value = -float(np.log(np.maximum(p[place, own], FLOOR)).sum(dtype=np.float64)) + strength / 2 * float(
                off @ off
            )
            p[place, own] -= 1
            slope = np.concatenate([flat @ p.ravel(), p.sum(axis=0)]) + strength * off
            return value / len(rows), slope / len(rows)

        exact = 1e-10 if flat.dtype == np.float64 else 1e-7  # a mean of float32 values is not known better
        options = {"ftol": exact, "gtol": 1e-6, "maxiter": _ITERATIONS}
        theta = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
        return Rule(theta[:count], "log-pool", theta[count:])

    return fit


def _log_probabilities(members: Members, rows: Ints) -> Floats:
    """Return log-probabilities [M, n, C] in the members' dtype."""
    log_p = np.empty((len(members), len(rows), members[0].shape[1]), dtype=np.result_type(*members))
    for place, prob in enumerate(members):
        np.log(np.maximum(prob[rows], FLOOR), out=log_p[place])
    return log_p
