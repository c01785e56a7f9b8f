"""How much members differ, and what each adds to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference


@dataclass(frozen=True)
class Diversity:
    """Members compared with each other, out of fold.

    Attributes:
        names: M members.
        accuracy: top-1 of each alone.
        disagreement: float64 [M, M], share of rows on which two members' first classes differ.
        error_correlation: float64 [M, M], correlation of errors (0 where a member is never or always wrong).
        worth: accuracy of the mean of all minus that of the mean without this member, paired; empty for one member.
        any_right: share of rows on which at least one member is correct: no vote can exceed it.
    """

    names: tuple[str, ...]
    accuracy: tuple[Estimate, ...]
    disagreement: Floats
    error_correlation: Floats
    worth: tuple[Difference, ...]
    any_right: Estimate


def diversity(members: Mapping[str, Floats], label: Ints, group: Ints | None = None) -> Diversity:
    """Compare members.

    Args:
        members: out-of-fold probabilities by name, float [N, C].
        label: int [N].
        group: int [N], related rows share a number; None: rows are independent.
    """
    parts = list(members.values())
    answer = np.stack([prob.argmax(axis=1) for prob in parts])
    right = answer == label
    return Diversity(
        names=tuple(members),
        accuracy=tuple(accuracy(row, group) for row in right),
        disagreement=np.stack([(answer != row).mean(axis=1) for row in answer]),
        error_correlation=_correlation(~right),
        worth=_worth(parts, label, group),
        any_right=accuracy(right.any(axis=0), group),
    )


def _correlation(wrong: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    centred = wrong - wrong.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1))
    scale = np.outer(spread, spread)
    covariance = centred @ centred.T / wrong.shape[1]
    return np.asarray(np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0))


def _worth(members: list[Floats], label: Ints, group: Ints | None) -> tuple[Difference, ...]:
    if len(members) < 2:
        return ()
    count = len(members)

    def right(part: slice) -> Bools:
        parts = [prob[part] for prob in members]
        total = votes.mean(parts) * count
        columns = [total, *(total - prob for prob in parts)]
        return np.stack([metrics.top_k_correct(one, label[part]) for one in columns], axis=1)

    found = by_blocks(right, (len(label), count + 1), members[0].shape[1], np.bool_)
    return tuple(paired_difference(found[:, place + 1], found[:, 0], group) for place in range(count))
