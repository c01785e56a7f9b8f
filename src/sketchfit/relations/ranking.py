"""The keys in the order of what they mean for validation: related ones first, each related to the other keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.relations.evidence import LEAST_EFFECT, KeyEvidence, evidence, judge, related_beyond, related_within
from sketchfit.relations.key import Groups, Key, keeps_together, own_groups
from sketchfit.relations.space import Space

Verdict = Literal["related", "part", "explained", "unrelated"]
"""`related`: rows of a group are related; `part`: so they are, and a coarser related key contains the groups;
`explained`: only rows that also share a finer key, or a trait that several groups share, are related; `unrelated`: no
evidence."""
TRAIT_LEVEL, TRAIT_SHARE = 0.07, 0.25
"""A trait's probability by chance, and its effect across classes compared with that within classes; five classes with
two groups have 16 permutations."""
RELATED: tuple[Verdict, ...] = ("related", "part")
_COMPARED = 2
"""Finer keys, the coarsest first, that a key is compared with: those that are still finer explain these."""
_VERDICTS: tuple[Verdict, ...] = ("related", "part", "explained", "unrelated")


@dataclass(frozen=True)
class Tested:
    """A key, the evidence for it, and what it means next to the other keys.

    Attributes:
        key: the groups.
        evidence: how similar rows of a group are.
        verdict: see `Verdict`.
        other: name of the coarser key that contains its groups, or of the key that explains it; else empty.
    """

    key: Key
    evidence: KeyEvidence
    verdict: Verdict
    other: str = ""


def rank_keys(keys: Sequence[Key], space: Space, traits: Sequence[Key] = ()) -> tuple[Tested, ...]:
    """Judge keys and sort them: related ones first, then by the size of the effect.

    Args:
        keys: candidates.
        space: of the training rows.
        traits: groupings across classes with few groups, which may explain keys.
    """
    found = judge(keys, space)
    related = [key for key, one in zip(keys, found, strict=True) if one.related]
    certain = [trait for trait in traits if _is_trait(evidence(space, trait.train))]
    verdicts = _verdicts(related, space, _by_traits(related, certain, space))
    ranked = [
        Tested(key, one, *verdicts.get(key.name, ("unrelated", ""))) for key, one in zip(keys, found, strict=True)
    ]
    return sort_tested(ranked)


def sort_tested(tested: Sequence[Tested]) -> tuple[Tested, ...]:
    """Return related keys first, then by the size of the effect."""
    return tuple(sorted(tested, key=lambda one: (_VERDICTS.index(one.verdict), -one.evidence.effect)))


def _is_trait(one: KeyEvidence) -> bool:
    """Return whether the groups differ in the same way in all classes; few groups have few permutations."""
    return one.across and one.p <= TRAIT_LEVEL and one.across_effect >= max(LEAST_EFFECT, TRAIT_SHARE * one.effect)


def _by_traits(related: Sequence[Key], traits: Sequence[Key], space: Space) -> dict[str, str]:
    """Return the names of the keys whose rows are related only by a trait, and of the trait."""
    return {
        key.name: trait.name
        for key in related
        for trait in traits
        if _refines(key.train, trait.train) and not related_within(space, key.train, trait.train)
    }


def _verdicts(related: Sequence[Key], space: Space, by_trait: dict[str, str]) -> dict[str, tuple[Verdict, str]]:
    """Return verdict and other key of related keys by name.

    Args:
        related: keys.
        space: of the training rows.
        by_trait: the trait that explains a key, by names.
    """
    finer = {
        coarse.name: [fine for fine in related if fine is not coarse and _refines(fine.train, coarse.train)]
        for coarse in related
    }
    explained = by_trait | {
        coarse.name: fine.name
        for coarse in related
        for fine in sorted(finer[coarse.name], key=_groups)[:_COMPARED]
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


def _groups(key: Key) -> int:
    return len(np.unique(own_groups(key.train)))


def _refines(fine: Groups, coarse: Groups) -> bool:
    """Return whether each fine group is in one coarse group."""
    return keeps_together(own_groups(coarse), own_groups(fine))
