"""Greedy forward selection with replacement and bagging.

"Ensemble Selection from Libraries of Models" (Caruana et al., ICML 2004). Starting from nothing, the member that helps
the mean most is added, again and again, the same one as often as it helps; the best point of that path counts. To
overfit less, the search is repeated on random parts of the library ("bags") and the weights are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.margins import Margins
from sketchfit.inference.ensembling.mean import Fit, Members, Rule, Weighted, own_probability
from sketchfit.inference.metrics import FLOOR

Objective = Literal["accuracy", "log-loss"]
Score = tuple[float, ...]
"""Compared from left to right; more is better."""

SMALLEST_BAG = 4


class Search(Protocol):
    """A sum of members that grows by one at a time."""

    def candidates(self, members: Ints) -> list[Score]:
        """What the mean would score with each of these added."""
        ...

    def add(self, member: int) -> None:
        """Add this one."""
        ...


@dataclass(frozen=True)
class Selection:
    """What one search found.

    Attributes:
        chosen: members in the order in which they were added, up to the best point.
        path: the score after each addition, beyond the best point too.
    """

    chosen: tuple[int, ...]
    path: tuple[Score, ...]

    def weights(self, members: int) -> Floats:
        """Float64 [M], how often each was chosen, as a share."""
        return np.bincount(self.chosen, minlength=members) / len(self.chosen)


class LogLossSearch:
    """Scores the mean by its log-loss; keeps one number a row."""

    def __init__(self, own: Floats) -> None:
        self._own = np.maximum(own, FLOOR)
        self._sum = np.zeros(own.shape[1])
        self._count = 0

    def candidates(self, members: Ints) -> list[Score]:
        """Minus the log-loss, with each of these added."""
        mixed = (self._sum + self._own[members]) / (self._count + 1)
        return [(float(value),) for value in np.log(mixed).mean(axis=1)]

    def add(self, member: int) -> None:
        """Add this one."""
        self._sum += self._own[member]
        self._count += 1


class AccuracySearch:
    """Scores the mean by top-1 accuracy, ties of accuracy by log-loss."""

    def __init__(self, margins: Margins, own: Floats) -> None:
        self._margins = margins
        self._sums = margins.zeros()
        self._log_loss = LogLossSearch(own)

    def candidates(self, members: Ints) -> list[Score]:
        """(accuracy, minus log-loss), with each of these added."""
        right = self._margins.right_with(self._sums, members)
        second = self._log_loss.candidates(members)
        return [(float(count) / self._margins.rows, *loss) for count, loss in zip(right, second, strict=True)]

    def add(self, member: int) -> None:
        """Add this one."""
        self._margins.add(self._sums, member)
        self._log_loss.add(member)


def select(search: Search, members: Ints, rounds: int) -> Selection:
    """One greedy search among `members` (int [m], indices); of equal candidates the first in that order is added."""
    chosen: list[int] = []
    path: list[Score] = []
    for _ in range(rounds):
        scores = search.candidates(members)
        best = max(range(len(members)), key=scores.__getitem__)
        search.add(int(members[best]))
        chosen.append(int(members[best]))
        path.append(scores[best])
    length = max(range(rounds), key=path.__getitem__) + 1
    return Selection(tuple(chosen[:length]), tuple(path))


def fit_greedy(
    objective: Objective = "accuracy", rounds: int = 30, bags: int = 10, bag_share: float = 0.5, seed: int = 0
) -> Fit:
    """Greedy selection as a way of combining.

    Args:
        objective: what the mean is scored by.
        rounds: additions a search.
        bags: searches; each sees `bag_share` of the members, but at least `SMALLEST_BAG` of them. Where that is all
            members, one search is made.
        bag_share: above 0, at most 1.
        seed: which members fall into which bag.
    """

    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        own = own_probability(members, label, rows)
        margins = Margins.of(members, label, rows) if objective == "accuracy" else None
        weights = np.zeros(len(members))
        for bag in _bags(len(members), bags, bag_share, seed):
            search = LogLossSearch(own) if margins is None else AccuracySearch(margins, own)
            weights += select(search, bag, rounds).weights(len(members))
        return Weighted(weights / weights.sum())

    return fit


def _bags(members: int, bags: int, share: float, seed: int) -> list[Ints]:
    size = min(members, max(SMALLEST_BAG, int(np.ceil(share * members))))
    if size == members:
        return [np.arange(members)]
    rng = np.random.Generator(np.random.Philox(key=seed))
    return [np.sort(rng.permutation(members)[:size]) for _ in range(bags)]
