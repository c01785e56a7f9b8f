"""Finds images of classes that a network has not learnt, with a stated error rate for images of known classes.

The reference are images of known classes that the network has not learnt: rows that a fold holds out, or test rows,
whose labels are not needed. New images of known classes are no different from them for the network. So a score that is
high where the network is undecided has the same distribution on both, and the share of the reference that scores at
least as high as a new image is its p-value: at most 5 % of the new images of known classes have one of 0.05 or less,
for any network and any score. This is conformal anomaly detection (Laxhammar & Falkman 2010); all that is assumed is
that new images of known classes and the reference are exchangeable. Images of unknown classes in the reference raise
p-values: fewer images are rejected.

The scores must be those of one predictor. An average of networks is less decided than each of them: compared with the
out-of-fold scores of single networks, it would reject more images than promised.

Near-duplicates and other related rows are no independent draws. Each family counts as one row, with the mean of its
rows' shares (Lee, Barber & Willett 2023, arXiv 2306.06342). The smallest p-value is 1 / (families + 1): fewer than 19
families cannot promise 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.errors import UserError
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.unknown_scores import DEFAULT, SCORES

__all__ = ["DEFAULT", "SCORES", "UNKNOWN", "Rejection", "UnknownTest", "check_rejection"]

UNKNOWN = "unknown"
"""The answer to a rejected image, in place of a label."""

_SLACK = 1e-9


@dataclass(frozen=True)
class UnknownTest:
    """The test of new images.

    Attributes:
        score: name of the score, in `SCORES`.
        known: float64 [n], ascending: scores of the reference.
        weight: float64 [n], above 0: of each row of the reference; those of a family sum to 1, or to less.
    """

    score: str
    known: Floats
    weight: Floats

    @classmethod
    def fit(cls, prob: Floats, group: Ints | None = None, score: str = DEFAULT, share: float = 1.0) -> UnknownTest:
        """Make the test.

        Args:
            prob: float [n, C], probabilities of rows that the predictor has not learnt.
            group: int [n], the family of each row; None: rows are independent.
            score: in `SCORES`.
            share: independent families per family of `group`, above 0, at most 1, where more is related than it states.
        """
        return cls.of_scores(SCORES[score](prob), group, score, share)

    @classmethod
    def of_scores(
        cls, scores: Floats, group: Ints | None = None, name: str = DEFAULT, share: float = 1.0
    ) -> UnknownTest:
        """Make the test of scores float [n], finite, in any order; other arguments as for `fit`."""
        order = np.argsort(scores, kind="stable")
        weight = np.full(len(scores), share)
        if group is not None:
            _, place, count = np.unique(group, return_inverse=True, return_counts=True)
            weight = share / count[place]
        return cls(name, np.asarray(scores[order], np.float64), np.asarray(weight[order]))

    @property
    def families(self) -> float:
        """Number of independent families in the reference."""
        return float(self.weight.sum())

    @property
    def smallest(self) -> float:
        """The smallest p-value that an image can have, above 0: no smaller rate can be promised."""
        return 1 / (1 + self.families)

    def p_values(self, prob: Floats) -> Floats:
        """Return the p-value of each image, float64 [N], above 0, at most 1; small where it is hardly of a known class.

        Args:
            prob: float [N, C], by the same predictor as the reference.
        """
        return self.p_values_of(SCORES[self.score](prob))

    def p_values_of(self, scores: Floats) -> Floats:
        """Return the p-values, as `p_values`, of images with these scores float [N]."""
        at_least = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)
        counted = at_least[np.searchsorted(self.known, scores, side="left")]
        return np.asarray((1 + counted) * self.smallest)


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

    def part(self, place: slice) -> Rejection:
        """Return the same of some of the images."""
        return Rejection(self.p_value[place], self.rejected[place])


def check_rejection(test: UnknownTest, rate: float, labels: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a rate of rejection that a test cannot promise, and a class that is called what rejected images are.

    Args:
        test: of the predictor.
        rate: share of the images of known classes that may be rejected.
        labels, names: of its classes.

    Raises:
        UserError: the rate is not between the smallest possible one and 1, or there is such a class.
    """
    if not 0 < rate < 1:
        raise UserError(f"the rate of rejection must be between 0 and 1, not {rate:g}", "For example: 0.05")
    if rate < test.smallest - _SLACK:
        raise UserError(
            f"a rate of rejection of {rate:g} cannot be promised: there are only {test.families:.0f} unrelated rows "
            "that the networks have not learnt",
            f"The smallest possible rate is {test.smallest:.3g}.",
        )
    if UNKNOWN in (*labels, *names):
        raise UserError(
            f"a class is called {UNKNOWN!r}, which is also the prediction for images of no class",
            "Leave out reject, or train with another name of that class.",
        )
