"""A fitted rule of combining members, and the pools that rules apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks, row_blocks
from sketchfit.inference.metrics import FLOOR
from sketchfit.registry import Registry

Members = Sequence[Floats]
"""Probabilities of M members, float [N, C] each; memory-mapped arrays are read in parts."""

Pool = Callable[[Members, Floats, Floats | None], Floats]
"""(members, weights float64 [M], bias float64 [C] or None) -> float64 [N, C], rows sum to 1."""

pools: Registry[Pool] = Registry("pool", "sketchfit.pools")


@dataclass(frozen=True)
class Rule:
    """A fitted rule of combining members, for out-of-fold and test probabilities.

    Attributes:
        weights: float64 [M].
        how: name of the pool, in `pools`.
        bias: float64 [C]; None for pools without one.
    """

    weights: Floats
    how: str = "mean"
    bias: Floats | None = None

    def combine(self, members: Members) -> Floats:
        """Return the combined probabilities, float64 [N, C], rows sum to 1."""
        return pools.get(self.how)(members, self.weights, self.bias)

    def predict(self, members: Members) -> NDArray[np.float32]:
        """Return the combined probabilities as float32 [N, C]; only parts of them are in float64."""
        shape = members[0].shape
        return by_blocks(lambda part: self.combine([one[part] for one in members]), shape, shape[1], np.float32)

    def right(self, members: Members, label: Ints) -> Bools:
        """Return whether the most probable class of the combination is the true one, bool [N], for label int [N]."""

        def compute(part: slice) -> Bools:
            return metrics.top_k_correct(self.combine([one[part] for one in members]), label[part])

        return by_blocks(compute, (len(label),), members[0].shape[1], np.bool_)


Fit = Callable[[Members, Ints, Ints], Rule]
"""(members, label int [N], rows int [n] that it may use) -> the fitted rule."""


def own_probability(members: Members, label: Ints, rows: Ints) -> Floats:
    """Return each member's probability of the true class, float64 [M, n]: the log-loss of a mean needs no more."""
    return np.stack([prob[rows, label[rows]] for prob in members]).astype(np.float64)


def accuracy_and_loss(prob: Floats, label: Ints, rows: Ints) -> tuple[float, float]:
    """Return the accuracy and minus the log-loss of some rows, int [n], of probabilities [N, C], in parts."""
    parts = [rows[part] for part in row_blocks(len(rows), prob.shape[1])]
    right = np.concatenate([metrics.top_k_correct(prob[one], label[one]) for one in parts])
    loss = np.concatenate([metrics.row_log_loss(prob[one], label[one]) for one in parts])
    return float(right.mean()), -float(loss.mean())


def _without_bias(combine: Callable[[Members, Floats], Floats]) -> Pool:
    return lambda members, weights, bias: combine(members, weights)  # noqa: ARG005


pools.register("mean")(_without_bias(votes.mean))
pools.register("geometric")(_without_bias(votes.geometric_mean))
pools.register("hard-vote")(_without_bias(votes.hard_vote))
pools.register("rank-mean")(_without_bias(votes.rank_mean))


@pools.register("log-pool")
def log_pool(members: Members, weights: Floats, bias: Floats | None) -> Floats:
    """Return the softmax of the weighted sum of log-probabilities, plus the bias.

    Weights may have either sign; their sum acts as an inverse temperature.
    """
    total = np.tile(np.zeros(members[0].shape[1]) if bias is None else bias, (len(members[0]), 1))
    for weight, prob in zip(weights, members, strict=True):
        total += weight * np.log(np.maximum(prob, FLOOR, dtype=np.float64))
    return softmax(total)


def softmax(scores: Floats) -> Floats:
    """Return the softmax of each row, [N, C], in the dtype of `scores`."""
    p = scores - scores.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    return np.asarray(p)
