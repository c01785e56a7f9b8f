"""The keys in the order of what they mean for validation, with what each would change about plain folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.relations.evidence import Evidence, judge, related_beyond
from sketchfit.relations.key import Groups, Key, own_groups
from sketchfit.relations.space import Space

Verdict = Literal["related", "part", "explained", "unrelated"]
"""`related`: rows of a group are related; `part`: so they are, and a coarser related key contains the groups;
`explained`: only rows that also share a finer key are related; `unrelated`: no evidence."""
_VERDICTS: tuple[Verdict, ...] = ("related", "part", "explained", "unrelated")


@dataclass(frozen=True)
class RankedKey:
    """A key, its evidence and its consequence.

    Attributes:
        key: the groups.
        evidence: how similar rows of a group are.
        verdict: see `Verdict`.
        other: name of the coarser key that contains its groups, or of the finer one that explains it; else empty.
        crossing_rows: training rows with a row of their group in another plain fold.
        crossing_pairs: pairs of training rows of one group in different plain folds.
    """

    key: Key
    evidence: Evidence
    verdict: Verdict
    other: str
    crossing_rows: int
    crossing_pairs: int


def rank_keys(keys: Sequence[Key], space: Space, fold: Groups) -> tuple[RankedKey, ...]:
    """Judge keys and sort them: related ones first, then by the size of the effect.

    Args:
        keys: candidates.
        space: of the training rows.
        fold: int64 [N], fold of each training row where groups are not kept together.
    """
    found = judge(keys, space)
    related = [key for key, one in zip(keys, found, strict=True) if one.related]
    verdicts = _verdicts(related, space)
    ranked = [
        RankedKey(key, one, *verdicts.get(key.name, ("unrelated", "")), *crossing(key.train, fold))
        for key, one in zip(keys, found, strict=True)
    ]
    return tuple(sorted(ranked, key=lambda one: (_VERDICTS.index(one.verdict), -one.evidence.effect)))


def crossing(group: Groups, fold: Groups) -> tuple[int, int]:
    """Count the rows with a row of their group in another fold, and the pairs of a group in different folds.

    >>> crossing(np.array([0, 0, 0, 1, 1, -1]), np.array([0, 0, 1, 0, 0, 1]))
    (3, 2)

    Args:
        group: int64 [N]; rows with -1 have no other row in their group.
        fold: int64 [N].
    """
    complete = np.unique(own_groups(group), return_inverse=True)[1]
    of_group = np.bincount(complete)
    inverse, of_cell = np.unique(np.stack([complete, fold]), axis=1, return_inverse=True, return_counts=True)[1:]
    elsewhere = of_group[complete] - of_cell[inverse]
    return int((elsewhere > 0).sum()), int(elsewhere.sum()) // 2


def _verdicts(related: Sequence[Key], space: Space) -> dict[str, tuple[Verdict, str]]:
    """Return verdict and other key of related keys by name."""
    finer = {
        coarse.name: [fine for fine in related if fine is not coarse and _refines(fine.train, coarse.train)]
        for coarse in related
    }
    explained = {
        coarse.name: fine.name
        for coarse in related
        for fine in finer[coarse.name]
        if related_beyond(space, coarse.train, fine.train) is False
    }
    verdicts: dict[str, tuple[Verdict, str]] = {name: ("explained", other) for name, other in explained.items()}
    for key in related:
        if key.name not in explained:
            coarser = [
                other.name
                for other in related
                if other.name not in explained and any(key is one for one in finer[other.name])
            ]
            verdicts[key.name] = ("part", coarser[0]) if coarser else ("related", "")
    return verdicts


def _refines(fine: Groups, coarse: Groups) -> bool:
    """Return whether each fine group is in one coarse group."""
    one, other = own_groups(fine), own_groups(coarse)
    return len(np.unique(np.stack([one, other]), axis=1).T) == len(np.unique(one))
