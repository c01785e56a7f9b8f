"""Heads of nearest neighbours: one matrix of distances serves the heads of all folds.

A row's k nearest rows vote for their classes. The weight of a neighbour is 1 - d² / e², where e is the distance of the
next one, k + 1: the unit is that of the neighbourhood, and the farthest neighbour has nearly no weight, so that
rounding changes little. Source: Samworth, "Optimal weighted nearest neighbour classifiers", Annals of Statistics 2012,
whose weights have nearly this shape in spaces of many dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.kernel import CHUNK, squared_distances
from sketchfit.bank.removal import group_numbers
from sketchfit.bank.without_rows import WithoutRows
from sketchfit.models.neighbour_network import LEAST_VOTE

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

MOST_ROWS = 12_000
"""Rows that heads compare others with; of more rows a sample is taken. Their distances take 0.6 GB."""

FEW = 3000
"""Rows that are left out for `NeighbourFold.left_out`."""


@dataclass(frozen=True)
class NeighbourSettings:
    """Of a head of nearest neighbours.

    Attributes:
        count: neighbours that vote, k.
        smoothing: is added to the share of each class, above 0; scores are logarithms.
    """

    count: int = 10
    smoothing: float = 0.05

    def __str__(self) -> str:
        return f"{self.count} neighbours, strength {self.smoothing:g}"


@dataclass(frozen=True)
class NeighbourHead:
    """A head that compares rows with those it was fitted on.

    Attributes:
        features: float32 [n, D], of the rows it was fitted on.
        label: int64 [n].
        classes: number of classes, C.
        settings: of the votes.
    """

    features: Floats
    label: Rows
    classes: int
    settings: NeighbourSettings

    def scores(self, features: Floats) -> Floats:
        """Return scores float32 [m, C] of features float32 [m, D]: logarithms of shares of the votes."""
        found = np.empty((len(features), self.classes), dtype=np.float32)
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            distance = squared_distances(features[rows], self.features)
            found[rows] = vote_scores(distance, self.label, self.classes, self.settings)
        return found


def vote_scores(distance: Floats, label: Rows, classes: int, settings: NeighbourSettings) -> Floats:
    """Return the scores of rows, float32 [m, C].

    Args:
        distance: float32 [m, n], squared distances from the rows that vote; infinite for those that do not.
        label: int64 [n], of the rows that vote.
        classes: number of classes, C.
        settings: of the votes.
    """
    most = min(settings.count + 1, distance.shape[1])
    place = np.argpartition(distance, most - 1, axis=1)[:, :most]
    nearest = np.take_along_axis(distance, place, axis=1)
    votes = np.isfinite(nearest)
    last = np.where(votes, nearest, 0).max(axis=1, keepdims=True)
    weight = np.where(votes, 1 + LEAST_VOTE - np.where(votes, nearest, 0) / (last + LEAST_VOTE), 0)
    share = np.zeros((len(distance), classes))
    np.add.at(share, (np.arange(len(distance))[:, None], label[place]), weight)
    share /= np.maximum(weight.sum(axis=1, keepdims=True), LEAST_VOTE)
    return np.log(share + settings.smoothing).astype(np.float32)


@dataclass(frozen=True)
class NeighbourRows:
    """All rows of a head of nearest neighbours.

    Attributes:
        features: float32 [n, D].
        label: int64 [n].
        classes: number of classes, C.
        settings: of the votes.
    """

    features: Floats
    label: Rows
    classes: int
    settings: NeighbourSettings

    @property
    def note(self) -> str:
        """Names the number of rows that vote, where these are not all."""
        count, support = len(self.label), len(self.support)
        return "" if support == count else f"{count:,} images are compared with {support:,} of them"

    @cached_property
    def support(self) -> Rows:
        """Rows that vote, int64 ascending; the same ones each time."""
        count = len(self.label)
        return (
            np.sort(np.random.default_rng(0).permutation(count)[:MOST_ROWS]) if count > MOST_ROWS else np.arange(count)
        )

    def fold(self, removed: Rows) -> NeighbourFold:
        """Return the head's rows without some."""
        return NeighbourFold(self, removed)

    def scores_by(self, heads: Sequence[NeighbourHead], kept: Sequence[Rows], features: Floats) -> list[Floats]:
        """Return the scores of other rows by several heads; each distance is computed once."""
        found = [np.empty((len(features), self.classes), dtype=np.float32) for _ in heads]
        removed = [~np.isin(self.support, rows) for rows in kept]
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            distance = squared_distances(features[rows], self.features[self.support])
            for scores, out in zip(found, removed, strict=True):
                scores[rows] = self.votes(np.where(out, np.float32(np.inf), distance))
        return found

    def votes(self, distance: Floats) -> Floats:
        """Return the scores of squared distances from `support`, float32 [m, C]."""
        return vote_scores(distance, self.label[self.support], self.classes, self.settings)

    def distances(self, rows: Rows) -> Floats:
        """Return squared distances of rows from `support`, a new array float32 [k, s]."""
        if len(self.label) <= MOST_ROWS:
            return self._all[rows]
        return squared_distances(self.features[rows], self.features[self.support])

    @cached_property
    def _all(self) -> Floats:
        """Squared distances of all rows, float32 [n, n]."""
        return squared_distances(self.features, self.features)


@dataclass(frozen=True)
class NeighbourFold(WithoutRows[NeighbourRows]):
    """The rows of a head of nearest neighbours, without some."""

    @property
    def head(self) -> NeighbourHead:
        """The head of the kept rows."""
        full = self.full
        rows = full.support[self._votes]
        return NeighbourHead(full.features[rows], full.label[rows], full.classes, full.settings)

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        return self._scores(self.removed, None)

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of kept rows; those of their group do not vote.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], a sample where there are many; scores float32 [k, C].
        """
        few = np.random.default_rng(0).permutation(len(self.kept))[:FEW]
        rows = self.kept[np.sort(few)]
        return rows, self._scores(rows, group_numbers(group, len(self.full.label)))

    def _scores(self, rows: Rows, group: Rows | None) -> Floats:
        """Return the scores of rows, float32 [k, C]; with groups, those of their group do not vote."""
        found = np.empty((len(rows), self.full.classes), dtype=np.float32)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            distance = self.full.distances(part)
            distance[:, ~self._votes] = np.inf
            if group is not None:
                distance[group[part][:, None] == group[self.full.support]] = np.inf
            found[start : start + CHUNK] = self.full.votes(distance)
        return found

    @cached_property
    def _votes(self) -> NDArray[np.bool_]:
        """Whether each row of the support votes, bool [s]."""
        return np.isin(self.full.support, self.removed, invert=True)
