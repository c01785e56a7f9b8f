"""Equal weights: mean, geometric mean, hard vote and mean rank."""

from __future__ import annotations

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Ints
from sketchfit.inference.ensembling.methods import Method, ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule


def equal(how: str) -> Method:
    """Return the method that weights all members equally in this pool (see `rule.pools`)."""

    def method(section: EnsembleSection, seed: int) -> Fit:
        del section, seed

        def fit(members: Members, label: Ints, rows: Ints) -> Rule:
            del label, rows  # nothing is fitted
            return Rule(np.full(len(members), 1 / len(members)), how)

        return fit

    return method


for name in ("mean", "geometric", "hard-vote", "rank-mean"):
    ensembling.register(name)(equal(name))
