"""The single best member."""

from __future__ import annotations

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.arrays import Ints
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule


@ensembling.register("best-member")
def best_member(section: EnsembleSection, seed: int) -> Fit:
    """Return the method that gives all weight to one member."""
    del section, seed
    return fit_best_member


def fit_best_member(members: Members, label: Ints, rows: Ints) -> Rule:
    """Give all weight to the most accurate member; among equals, to the one with the least log-loss."""
    scores = [
        (metrics.top_k_accuracy(part, label[rows]), -metrics.log_loss(part, label[rows]))
        for part in (prob[rows] for prob in members)
    ]
    weights = np.zeros(len(members))
    weights[max(range(len(members)), key=scores.__getitem__)] = 1
    return Rule(weights)
