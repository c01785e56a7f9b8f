"""The single best member."""

from __future__ import annotations

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Ints
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule, accuracy_and_loss


@ensembling.register("best-member")
def best_member(section: EnsembleSection, seed: int) -> Fit:
    """Return the method that gives all weight to one member."""
    del section, seed
    return fit_best_member


def fit_best_member(members: Members, label: Ints, rows: Ints) -> Rule:
    """Give all weight to the most accurate member; among equals, to the one with the least log-loss."""
    scores = [accuracy_and_loss(prob, label, rows) for prob in members]
    weights = np.zeros(len(members))
    weights[max(range(len(members)), key=scores.__getitem__)] = 1
    return Rule(weights)
