"""The nested estimate: the accuracy of a method of ensembling on rows that it was not fitted on.

Weights that are fitted and scored on the same out-of-fold rows look too good, the more members there are. Here they are
fitted on all folds but one and scored on that one, for each fold. The final rule is fitted on all rows and is at least
as good on average.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.blocks import row_blocks
from sketchfit.inference.ensembling.rule import Fit, Members, Rule, accuracy_and_loss
from sketchfit.inference.folding import each_fold
from sketchfit.runs.large_arrays import empty_array


def nested(fit: Fit, members: Members, label: Ints, fold: Ints, rows: Ints | None = None) -> Floats:
    """Return combined probabilities float32 [N, C], those of each fold by the rule fitted on all other folds.

    Args:
        fit: the method.
        members: float [N, C] each, out-of-fold.
        label: int [N].
        fold: int [N], at least two different values among `rows`.
        rows: int [n], the rows that are used, ascending; None: all. Other rows of the result are 0.
    """
    used = np.arange(len(label)) if rows is None else rows
    prob = empty_array(members[0].shape, np.float32)
    if rows is not None:
        prob[:] = 0
    for _, mask in each_fold(fold[used]):
        rule, held = fit(members, label, used[~mask]), used[mask]
        for part in row_blocks(len(held), prob.shape[1]):
            prob[held[part]] = rule.predict([member[held[part]] for member in members])
    return prob


def fit_choice(methods: Mapping[str, Fit], fold: Ints) -> Fit:
    """Return the choice of the best method as a method itself, whose nested estimate includes the cost of the choice.

    Each method gets a nested estimate on the rows that the choice may use. The most accurate one (among equals, the one
    with the least log-loss) is fitted on all of them.

    Args:
        methods: by name.
        fold: int [N], at least three different values for a nested estimate of the choice.
    """

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        def score(method: Fit) -> tuple[float, float]:
            return accuracy_and_loss(nested(method, members, label, fold, rows), label, rows)

        return max(methods.values(), key=score)(members, label, rows)

    return fit
