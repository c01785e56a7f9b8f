"""Greedy forward selection with replacement and bagging.

"Ensemble Selection from Libraries of Models" (Caruana et al., ICML 2004). Starting from nothing, the member that
improves the mean most is added repeatedly, the same member as often as it helps; the best point of that path is used.
To overfit less, the search is repeated on random parts of the library ("bags"), and the weights are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.margins import Margins
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.rule import Fit, Members, Rule, own_probability
from sketchfit.inference.metrics import FLOOR

Objective = Literal["accuracy", "log-loss"]
Score = tuple[float, ...]
"""Compared from left to right; higher is better."""

SMALLEST_BAG = 4
"""Fewest members in a bag."""


class Search(Protocol):
    """A sum of members that grows by one at a time."""

    def candidates(self, members: Ints) -> list[Score]:
        """Return the score of the mean with each of these members added."""
        ...

    def add(self, member: int) -> None:
        """Add this member."""
        ...


@dataclass(frozen=True)
class Selection:
    """The result of one search.

    Attributes:
        chosen: members in the order in which they were added, up to the best point.
        path: the score after each addition, beyond the best point too.
    """

    chosen: tuple[int, ...]
    path: tuple[Score, ...]

    def weights(self, members: int) -> Floats:
        """Return the share of the additions that each member has, float64 [M]."""
        return np.bincount(self.chosen, minlength=members) / len(self.chosen)


class LogLossSearch:
    """Scores the mean by its log-loss; keeps one number per row."""

    def __init__(self, own: Floats) -> None:
        self._own = np.maximum(own, FLOOR)
        self._sum = np.zeros(own.shape[1])
        self._count = 0

    def candidates(self, members: Ints) -> list[Score]:
        """Return minus the log-loss, with each of these members added."""
        mixed = (self._sum + self._own[members]) / (self._count + 1)
        return [(float(value),) for value in np.log(mixed).mean(axis=1)]

    def add(self, member: int) -> None:
        """Add this member."""
        self._sum += self._own[member]
        self._count += 1


class AccuracySearch:
    """Scores the mean by top-1 accuracy, ties of accuracy by log-loss."""

    def __init__(self, margins: Margins, own: Floats) -> None:
        self._margins = margins
        self._sums = margins.zeros()
        self._log_loss = LogLossSearch(own)

    def candidates(self, members: Ints) -> list[Score]:
        """Return (accuracy, minus log-loss), with each of these members added."""
        right = self._margins.right_with(self._sums, members)
        second = self._log_loss.candidates(members)
        return [(float(count) / self._margins.rows, *loss) for count, loss in zip(right, second, strict=True)]

    def add(self, member: int) -> None:
        """Add this member."""
        self._margins.add(self._sums, member)
        self._log_loss.add(member)


def select(search: Search, members: Ints, rounds: int) -> Selection:
    """Run one greedy search among `members` (int [m], indices); among equal candidates the first in order is added."""
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


@ensembling.register("greedy")
def greedy(section: EnsembleSection, seed: int) -> Fit:
    """Return a function that fits greedy selection by accuracy."""
    return _greedy("accuracy", section, seed)


@ensembling.register("greedy-log-loss")
def greedy_log_loss(section: EnsembleSection, seed: int) -> Fit:
    """Return a function that fits greedy selection by log-loss."""
    return _greedy("log-loss", section, seed)


def _greedy(objective: Objective, section: EnsembleSection, seed: int) -> Fit:
    def fit(members: Members, label: Ints, rows: Ints) -> Rule:
        own = own_probability(members, label, rows)
        margins = Margins.of(members, label, rows) if objective == "accuracy" else None
        weights = np.zeros(len(members))
        for bag in _bags(len(members), section, seed):
            search = LogLossSearch(own) if margins is None else AccuracySearch(margins, own)
            weights += select(search, bag, section.greedy_rounds).weights(len(members))
        return Rule(weights / weights.sum())

    return fit


def _bags(members: int, section: EnsembleSection, seed: int) -> list[Ints]:
    """Return the members of each search; one search where each bag would hold all members."""
    size = min(members, max(SMALLEST_BAG, int(np.ceil(section.greedy_bag_share * members))))
    if size == members:
        return [np.arange(members)]
    rng = np.random.Generator(np.random.Philox(key=seed))
    return [np.sort(rng.permutation(members)[:size]) for _ in range(section.greedy_bags)]
