"""Combining members without fitting: means, votes and mean ranks, with every tie defined.

Votes are tied where two classes have equally many. Then the mean probability decides, and where that is tied too, the
lowest class index.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.blocks import by_blocks
from sketchfit.inference.metrics import FLOOR


def mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Return the soft vote, the weighted mean of probabilities, float64 [N, C], of members [N, C] each."""
    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * prob
    return total


def geometric_mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Return the softmax of the weighted mean of log-probabilities (that is, of logits), float64 [N, C]."""
    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * np.log(np.maximum(prob, FLOOR, dtype=np.float64))
    total = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def hard_vote(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Return the hard vote, float64 [N, C]: shares of votes for first classes, plus a part of the mean probability.

    That part has half the weight of the smallest vote: it decides between equally many votes and cannot reverse a lead
    of one vote. With unequal weights, leads below half of the smallest weight count as ties.

    Args:
        members: probabilities [N, C] each.
        weights: float [M]; None: equal ones.
    """
    w = _weights(len(members), weights)
    total = mean(members, w) * (0.5 * w[w > 0].min())
    rows = np.arange(len(total))
    for share, prob in zip(w, members, strict=True):
        total[rows, prob.argmax(axis=1)] += share
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def combine_folds(networks: Sequence[Floats], how: str, weights: Sequence[float] | None = None) -> NDArray[np.float32]:
    """Return a member's probabilities from its networks' [N, C]: their mean (`soft`) or a vote (`hard`); float32."""
    share = None if weights is None else np.asarray(weights, dtype=np.float64)
    vote = mean if how == "soft" else hard_vote
    shape = networks[0].shape
    return by_blocks(lambda part: vote([one[part] for one in networks], share), shape, shape[1], np.float32)


def rank_mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Return the mean over members of each class's rank within its row, as shares, float64 [N, C].

    It does not depend on how confident members are. The last of C classes gets 0 points, the first C - 1; tied classes
    share theirs. Ties of the mean are decided by the mean probability.
    """
    from scipy.stats import rankdata  # takes half a second to import

    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * (rankdata(prob, axis=1) - 1)
    total += 0.25 * w[w > 0].min() * mean(members, w)
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def from_labels(label: Ints, classes: int, accuracy: float) -> Floats:
    """Return probabilities for a submission of labels, float32 [N, C]: `accuracy` on its class, the rest spread evenly.

    Args:
        label: int [N], class indices.
        classes: C.
        accuracy: its assumed accuracy, 0 … 1, for example from a leaderboard.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"an accuracy must be between 0 and 1, not {accuracy}")
    prob = np.full((len(label), classes), (1 - accuracy) / (classes - 1), dtype=np.float32)
    prob[np.arange(len(label)), label] = accuracy
    return prob


def _weights(members: int, weights: Floats | None) -> Floats:
    if not members:
        raise ValueError("there are no members to combine")
    if weights is None:
        return np.full(members, 1 / members)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (members,) or (w < 0).any() or not w.sum() > 0:
        raise ValueError(f"{members} weights of 0 or more, not all 0, are needed, not {w}")
    return np.asarray(w / w.sum())
