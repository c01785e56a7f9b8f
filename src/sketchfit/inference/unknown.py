"""Finds images of classes that no network has learnt, with a stated error rate for images of known classes.

A network's held-out rows are images of known classes that it has not learnt, and so are new images of these classes. A
score that is high where a network is undecided therefore has the same distribution for both. The share of held-out rows
that score at least as high as a new image is its p-value: at most 5 % of the new images of known classes have one of
0.05 or less, for any network and any score. This is conformal anomaly detection (Laxhammar & Falkman 2010); all that is
assumed is that new images and held-out rows are exchangeable.

*Several networks.* The average of the folds' networks is less decided than each of them: its scores, compared with
those of single networks, would reject too many images. So each network's score is compared with the rows that this
network holds out, and the shares are averaged: a cross-conformal p-value (Vovk 2015, arXiv 1208.0806). However the
networks depend on each other, at most twice the rate is rejected (Vovk & Wang 2020, arXiv 1212.4966). An average varies
less than its parts, so that small values are rarer: `benchmarks/unknown_classes.py` measures less than the rate.

*Families.* Near-duplicates and other related rows share a fold and resemble each other. Each family counts as one row,
with the mean of its rows' shares (Lee, Barber & Willett 2023, arXiv 2306.06342). The smallest p-value is 1 / (families
+ 1): fewer than 19 families cannot promise 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.unknown_scores import DEFAULT, SCORES

__all__ = ["DEFAULT", "SCORES", "UNKNOWN", "KnownScores", "Rejection", "UnknownTest"]

UNKNOWN = "unknown"
"""The answer to a rejected image, in place of a label."""

_SLACK = 1e-9


@dataclass(frozen=True)
class KnownScores:
    """Scores of the rows that one network holds out.

    Attributes:
        score: float64 [n], ascending.
        weight: float64 [n], above 0: of each row; those of a family sum to 1.
    """

    score: Floats
    weight: Floats

    @classmethod
    def of(cls, score: Floats, group: Ints | None = None) -> KnownScores:
        """Sort scores and weigh them.

        Args:
            score: float [n], finite, in any order.
            group: int [n], the family of each row; None: rows are independent.
        """
        order = np.argsort(score, kind="stable")
        weight = np.ones(len(score))
        if group is not None:
            _, place, count = np.unique(group, return_inverse=True, return_counts=True)
            weight = 1 / count[place]
        return cls(np.asarray(score[order], np.float64), np.asarray(weight[order]))

    @property
    def families(self) -> float:
        """Number of families."""
        return float(self.weight.sum())

    def at_least(self, score: Floats) -> Floats:
        """Return the families that score at least as high as each image, float64 [N], for its score float [N]."""
        above = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)
        return np.asarray(above[np.searchsorted(self.score, score, side="left")])


@dataclass(frozen=True)
class UnknownTest:
    """The test of new images.

    Attributes:
        score: name of the score, in `SCORES`.
        known: of each network, at least one.
        repeats: number of networks that hold out each row.
    """

    score: str
    known: tuple[KnownScores, ...]
    repeats: int = 1

    @classmethod
    def fit(
        cls,
        held_out: Sequence[Floats],
        groups: Sequence[Ints] | None = None,
        score: str = DEFAULT,
        repeats: int = 1,
    ) -> UnknownTest:
        """Make the test.

        Args:
            held_out: probabilities of the rows that each network holds out, float [n, C] per network.
            groups: family of each of these rows, int [n] per network; None: rows are independent.
            score: in `SCORES`.
            repeats: number of networks that hold out each row.
        """
        by_network = groups if groups is not None else [None] * len(held_out)
        known = [KnownScores.of(SCORES[score](prob), group) for prob, group in zip(held_out, by_network, strict=True)]
        return cls(score, tuple(known), repeats)

    @property
    def families(self) -> int:
        """Number of families of known rows; rows without relations are a family each."""
        return round(sum(one.families for one in self.known) / self.repeats)

    @property
    def smallest(self) -> float:
        """The smallest p-value that an image can have, above 0: no smaller rate can be promised."""
        return 1 / (self.families + 1)

    def p_values(self, probs: Sequence[Floats]) -> Floats:
        """Return the p-value of each image, float64 [N], above 0, at most 1; small where its class is hardly known.

        Args:
            probs: probabilities of the same N images by each network, float [N, C], in the order of `known`.
        """
        score = SCORES[self.score]
        return self.p_values_of([score(prob) for prob in probs])

    def p_values_of(self, scores: Sequence[Floats]) -> Floats:
        """Return the p-values, as `p_values`, of scores float [N] by each network."""
        counts = [one.at_least(score) for one, score in zip(self.known, scores, strict=True)]
        return np.asarray((1 + np.sum(counts, axis=0) / self.repeats) / (1 + self.families))


@dataclass(frozen=True)
class Rejection:
    """Which images are of no known class.

    Attributes:
        p_value: float64 [N]; NaN for images that could not be read.
        rejected: bool [N].
    """

    p_value: Floats
    rejected: Bools

    @classmethod
    def at(cls, p_value: Floats, rate: float) -> Rejection:
        """Reject images whose p-value is at most the rate; those that could not be read are not."""
        return cls(p_value, np.asarray(p_value <= rate + _SLACK))
