"""The contract of methods of ensembling."""

from __future__ import annotations

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.methods import Method
from sketchfit.inference.ensembling.nested import nested
from sketchfit.inference.ensembling.rule import pools


def check_method(method: Method, members: list[Floats], label: Ints) -> None:
    """Check a method: rows sum to 1, one weight per member, and no use of other rows than those given.

    Args:
        method: the method.
        members: probabilities of at least two members, float [N, C].
        label: int [N].
    """
    fit, count = method(EnsembleSection(), 3), len(label)
    rows = np.arange(0, count, 2)
    rule = fit(members, label, rows)
    assert rule.weights.shape == (len(members),)
    assert rule.how in pools
    prob = rule.combine(members)
    assert prob.shape == members[0].shape
    np.testing.assert_allclose(prob.sum(1), 1, atol=1e-5)
    assert (prob >= 0).all()
    part = rule.combine([member[:7] for member in members])
    np.testing.assert_allclose(part, prob[:7], atol=1e-12)
    other = label.copy()
    other[1::2] = (other[1::2] + 1) % members[0].shape[1]
    for again in (method(EnsembleSection(), 3)(members, label, rows), fit(members, other, rows)):
        assert np.array_equal(again.combine(members), prob)
    fold = np.arange(count) % 3
    spoilt = np.where(fold == 1, (label + 1) % members[0].shape[1], label)
    before, after = (nested(fit, members, labels, fold) for labels in (label, spoilt))
    assert np.array_equal(before[fold == 1], after[fold == 1])
