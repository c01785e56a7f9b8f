"""Combining without fitting anything: means, votes and rank means, with every tie defined.

A member has one or several sets of probabilities of the same rows (one a fold that it was trained on). The two words
of the competitors' vocabulary say how folds become a member and how members become an answer:

| scheme | folds of a member | members |
| --- | --- | --- |
| `soft-soft` | mean of probabilities | mean of probabilities |
| `soft-hard` | mean of probabilities | one vote a member for its first class |
| `hard-soft` | one vote a fold | mean of the shares of votes |
| `hard-hard` | one vote a fold, the winner is the member's class | one vote a member |

Where votes are tied the mean probability decides, and where that is tied too, the lowest class index. Out of fold a
member has one set of probabilities, and `soft-soft` and `hard-soft` differ by the members' own certainty only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.metrics import FLOOR

Scheme = Literal["soft-soft", "soft-hard", "hard-soft", "hard-hard"]


def mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Soft vote: weighted mean of probabilities, float64 [N, C], of members [N, C] each."""
    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * prob
    return total


def geometric_mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Weighted mean of log-probabilities (of logits, that is), made to sum to 1 again; float64 [N, C]."""
    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * np.log(np.maximum(prob, FLOOR, dtype=np.float64))
    total = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def hard_vote(members: Sequence[Floats], weights: Floats | None = None, tie: Floats | None = None) -> Floats:
    """Each member votes for its first class; float64 [N, C], shares of votes with the mean probability blended in.

    The blend weighs half of the smallest weight's vote: it decides between classes of equally many votes and can't
    turn a lead of one whole vote. (With unequal weights, leads below half of the smallest weight count as ties.)

    Args:
        members: probabilities [N, C] each.
        weights: float [M], or None for equal ones.
        tie: float [N, C], rows that sum to 1: what decides ties, if not the members' own mean.
    """
    w = _weights(len(members), weights)
    total = (mean(members, w) if tie is None else tie) * (0.5 * w[w > 0].min())
    rows = np.arange(len(total))
    for share, prob in zip(w, members, strict=True):
        total[rows, prob.argmax(axis=1)] += share
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def combine_folds(networks: Sequence[Floats], how: str, weights: Sequence[float] | None = None) -> NDArray[np.float32]:
    """Return a member's probabilities from its networks' [N, C]: their mean (`soft`) or a vote (`hard`); float32."""
    share = None if weights is None else np.asarray(weights, dtype=np.float64)
    vote = mean if how == "soft" else hard_vote
    return vote(networks, share).astype(np.float32)


def rank_mean(members: Sequence[Floats], weights: Floats | None = None) -> Floats:
    """Mean over members of each class's rank within its row, as shares: float64 [N, C]; blind to how sure members are.

    The last of C classes gets 0 points, the first C - 1 (tied classes share theirs); ties of the mean are decided by
    the mean probability.
    """
    w = _weights(len(members), weights)
    total = np.zeros(members[0].shape, dtype=np.float64)
    for share, prob in zip(w, members, strict=True):
        if share:
            total += share * (rankdata(prob, axis=1) - 1)
    total += 0.25 * w[w > 0].min() * mean(members, w)
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def combine(members: Sequence[Sequence[Floats]], scheme: Scheme, weights: Floats | None = None) -> Floats:
    """Float64 [N, C] of members that each have one or more folds [N, C] (see the module's table).

    Args:
        members: a sequence of folds a member.
        scheme: how folds and members vote.
        weights: float [M], weights of the members, or None for equal ones.
    """
    inner, outer = scheme.split("-")
    of_folds = [mean(folds) if inner == "soft" else hard_vote(folds) for folds in members]
    if outer == "soft":
        return mean(of_folds, weights)
    return hard_vote(of_folds, weights, tie=mean([mean(folds) for folds in members], weights))


def from_labels(label: Ints, classes: int, accuracy: float) -> Floats:
    """Float32 [N, C], a submission of bare labels as a member: `accuracy` on its class, the rest spread evenly.

    Args:
        label: int [N], class indices.
        classes: C.
        accuracy: stated guess of how often it is right, 0 … 1 (its score on a leaderboard, say).
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"an accuracy lies between 0 and 1, not {accuracy}")
    prob = np.full((len(label), classes), (1 - accuracy) / (classes - 1), dtype=np.float32)
    prob[np.arange(len(label)), label] = accuracy
    return prob


def _weights(members: int, weights: Floats | None) -> Floats:
    if not members:
        raise ValueError("there is nothing to combine")
    if weights is None:
        return np.full(members, 1 / members)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (members,) or (w < 0).any() or not w.sum() > 0:
        raise ValueError(f"{members} weights of 0 or more, not all 0, are needed, not {w}")
    return np.asarray(w / w.sum())
