"""Which way of combining members is used: the log-loss decides among those that accuracy does not tell apart."""

from __future__ import annotations

from collections.abc import Mapping

from sketchfit.inference import metrics
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.calibration import fit_temperature
from sketchfit.inference.intervals import paired_difference

FITTED = 1 << 18
"""Probabilities that a temperature is fitted on: one number needs no more."""


def at_best_temperature(prob: Floats, label: Ints) -> Floats:
    """Return the probabilities [N, C] at the temperature of least log-loss on these rows, label int [N]."""
    return fit_temperature(prob, label, FITTED).apply(prob)


def choose_method(nested: Mapping[str, Floats], label: Ints, group: Ints | None = None) -> str:
    """Return the way of combining that has the least log-loss among those that are not shown to be less accurate.

    Right or wrong is one bit per row: with a thousand rows, accuracies of ways that are equally good differ by a point.
    Log-loss uses more of each row. It is measured at the best temperature of each way, as calibration follows.

    Args:
        nested: probabilities of each way on rows that it was not fitted on, float [N, C].
        label: int [N].
        group: int [N], rows that are not independent share a number; None: each row is a group.
    """
    right = {name: metrics.top_k_correct(prob, label) for name, prob in nested.items()}
    loss = {name: metrics.log_loss(at_best_temperature(prob, label), label) for name, prob in nested.items()}
    first = max(nested, key=lambda name: (right[name].mean(), -loss[name]))
    near = [name for name in nested if not paired_difference(right[first], right[name], group).hurts]
    return min(near, key=loss.__getitem__)
