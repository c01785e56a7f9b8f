import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.rule import Fit, Members, Rule


def power_mean(section: EnsembleSection, seed: int) -> Fit:
    """Weight members by their accuracy, and average squares."""

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        right = np.array([(member[rows].argmax(1) == label[rows]).mean() for member in members])
        return Rule((right + 1) / (right + 1).sum(), "power-mean")

    return fit


def mean_of_squares(members: Members, weights: Floats, bias: Floats | None) -> Floats:
    """The weighted mean of squared probabilities, rows summing to 1."""
    total = sum(weight * np.square(member, dtype=np.float64) for weight, member in zip(weights, members, strict=True))
    return total / total.sum(axis=1, keepdims=True)
