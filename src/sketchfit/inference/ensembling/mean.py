"""What a way of combining is, and the ways that fit nothing: equal means, votes, the best member."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Floats, Ints

Members = Sequence[Floats]
"""Probabilities of M members, float [N, C] each; memory-mapped arrays are read a part at a time."""


class Rule(Protocol):
    """A fitted way to combine members; applies to out-of-fold and test probabilities alike."""

    def combine(self, members: Members) -> Floats:
        """Float [N, C], rows sum to 1."""
        ...


Fit = Callable[[Members, Ints, Ints], Rule]
"""Fits a rule: (members, label int [N], rows int [n] that it may learn from) -> Rule."""

How = Literal["mean", "geometric", "hard-vote", "rank-mean"]
_COMBINE: Mapping[How, Callable[[Members, Floats], Floats]] = {
    "mean": votes.mean,
    "geometric": votes.geometric_mean,
    "hard-vote": votes.hard_vote,
    "rank-mean": votes.rank_mean,
}


@dataclass(frozen=True)
class Weighted:
    """Members combined by one of the ways of `inference.votes`.

    Attributes:
        weights: float64 [M], 0 or more, sum 1.
        how: what is averaged.
    """

    weights: Floats
    how: How = "mean"

    def combine(self, members: Members) -> Floats:
        """Float64 [N, C]."""
        return _COMBINE[self.how](members, self.weights)


def fit_equal(how: How) -> Fit:
    """Equal weights."""

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        del label, rows  # nothing is learnt
        return Weighted(np.full(len(members), 1 / len(members)), how)

    return fit


def fit_best_member(members: Members, label: Ints, rows: Ints) -> Rule:
    """All weight on the member that is most often right; of equals, the one with the least log-loss."""
    scores = [
        (metrics.top_k_accuracy(part, label[rows]), -metrics.log_loss(part, label[rows]))
        for part in (prob[rows] for prob in members)
    ]
    weights = np.zeros(len(members))
    weights[max(range(len(members)), key=scores.__getitem__)] = 1
    return Weighted(weights)


def own_probability(members: Members, label: Ints, rows: Ints) -> Floats:
    """Float64 [M, n], each member's probability of the true class: all that log-loss depends on."""
    return np.stack([prob[rows, label[rows]] for prob in members]).astype(np.float64)
