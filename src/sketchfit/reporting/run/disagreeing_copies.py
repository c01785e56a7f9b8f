"""Near-duplicates with different labels: at least one of them is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.inference.arrays import Floats, Ints


@dataclass(frozen=True)
class DisagreeingCopy:
    """A drawing whose near-duplicates have another label.

    Attributes:
        place: in the rows.
        suggested: index of the suggested class.
        wrong: share of votes for other labels of the family: a vote per drawing, and the mean probability of the class.
    """

    place: int
    suggested: int
    wrong: float


def disagreeing_copies(prob: Floats, label: Ints, copies: Ints) -> list[DisagreeingCopy]:
    """Find families of near-duplicates whose labels differ, and list each of their drawings.

    The family's most frequent other label is suggested; of equally frequent ones, the more probable one.

    Args:
        prob: float [N, C].
        label: int64 [N].
        copies: int64 [N], family of near-duplicates per row.
    """
    found = []
    order = np.argsort(copies, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(copies[order])) + 1):
        present = np.unique(label[places])
        if len(present) < 2:
            continue
        votes = np.bincount(label[places], minlength=prob.shape[1]) + prob[places].mean(axis=0)
        for place in places:
            others = votes.copy()
            others[label[place]] = -1
            wrong = 1 - votes[label[place]] / votes[present].sum()
            found.append(DisagreeingCopy(int(place), int(others.argmax()), float(wrong)))
    return found
