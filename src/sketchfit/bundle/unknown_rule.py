"""The rule by which a bundle finds images of unknown classes, and its p-values; see `inference.unknown`.

Examples:
    >>> import numpy as np
    >>> rule = make_unknown_rule(np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]]))
    >>> unknown_test(rule).p_values(np.array([[0.5, 0.5], [0.2, 0.8]])).tolist()
    [0.25, 0.75]
"""

from __future__ import annotations

import numpy as np

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.unknown import DEFAULT, UnknownTest

MOST = 5000
"""Scores of a rule."""


def make_unknown_rule(prob: Floats, group: Ints | None = None, score: str = DEFAULT, share: float = 1.0) -> UnknownRule:
    """Make the rule of one network.

    Args:
        prob: float [n, C], probabilities of rows that the network has not learnt, as the bundle computes them: with its
            temperature.
        group, score, share: see `UnknownTest.fit`.
    """
    test = UnknownTest.fit(prob, group, score, share)
    known, weight = _thinned(test.known, test.weight)
    weights = () if (weight == 1).all() else tuple(weight.tolist())
    return UnknownRule(score=score, known=tuple(known.tolist()), weight=weights)


def _thinned(known: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Replace neighbours among many ascending scores by the largest one: p-values become larger by less than 0.0003."""
    if len(known) <= MOST:
        return known, weight
    last = np.linspace(0, len(known), MOST + 1).astype(np.int64)[1:] - 1
    return known[last], np.diff(np.cumsum(weight)[last], prepend=0.0)


def unknown_test(rule: UnknownRule) -> UnknownTest:
    """Return the test of a rule, for the bundle's probabilities. Make it once for many images."""
    known = np.array(rule.known, dtype=np.float64)
    weight = np.array(rule.weight, dtype=np.float64) if rule.weight else np.ones(len(known))
    return UnknownTest(rule.score, known, weight)
