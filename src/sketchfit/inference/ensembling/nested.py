"""The nested estimate: what a way of combining scores on rows that it did not learn from.

Weights fitted on the same out-of-fold rows that they are scored on flatter themselves, the more the more members there
are. Here they are fitted on all folds but one and scored on that one, in turn. The final rule, fitted on all rows, has
learnt from a little more and is at least as good on average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sketchfit.inference import metrics
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.rule import Fit, Members, Rule
from sketchfit.inference.folding import each_fold


@dataclass(frozen=True)
class Nested:
    """One way of combining, cross-fitted.

    Attributes:
        prob: float32 [N, C], each row by the rule that was fitted on the other folds.
        rules: the rule of each fold.
    """

    prob: Floats
    rules: Mapping[int, Rule]


def nested(fit: Fit, members: Members, label: Ints, fold: Ints, rows: Ints | None = None) -> Nested:
    """Fit on other folds, combine the held-out one, for each fold.

    Args:
        fit: the way of combining.
        members: float [N, C] each, out-of-fold.
        label: int [N].
        fold: int [N], at least two different values among `rows`.
        rows: int [n], the rows that take part, ascending; None: all. `prob` of other rows is 0.
    """
    taking_part = np.arange(len(label)) if rows is None else rows
    prob = np.zeros(members[0].shape, dtype=np.float32)
    rules = {}
    for k, mask in each_fold(fold[taking_part]):
        held = taking_part[mask]
        rules[k] = fit(members, label, taking_part[~mask])
        prob[held] = rules[k].combine([member[held] for member in members])
    return Nested(prob, rules)


def fit_choice(methods: Mapping[str, Fit], fold: Ints) -> Fit:
    """Choosing among ways of combining, as a way of combining itself: nested in turn, it shows what choosing costs.

    On the rows that it may learn from, each method gets a nested estimate; the most accurate one (of equals, the one
    with the least log-loss) is fitted on all of them.

    Args:
        methods: a name each.
        fold: int [N], at least three different values for a nested estimate of the choice.
    """

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        def score(method: Fit) -> tuple[float, float]:
            prob = nested(method, members, label, fold, rows).prob[rows]
            return metrics.top_k_accuracy(prob, label[rows]), -metrics.log_loss(prob, label[rows])

        return max(methods.values(), key=score)(members, label, rows)

    return fit
