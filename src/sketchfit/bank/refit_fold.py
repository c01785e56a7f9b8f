"""A head that has to be fitted again for each fold: without its rows, and without parts of the others in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.removal import group_numbers
from sketchfit.bank.without_rows import OfRows, ScoringHead, WithoutRows

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

PARTS = 5
"""Parts of the kept rows that are left out in turn."""

FEW = 1000
"""Rows that are left out, at least; no further part is then."""


H = TypeVar("H", bound=ScoringHead)


class FittedAgain(OfRows, Protocol[H]):
    """All rows of a head."""

    def values(self, rows: Rows) -> Floats:
        """Return the inputs of the head, float32 [k, M]."""

    def fit(self, rows: Rows) -> H:
        """Return the head of inputs that is fitted on rows, at least one."""

    def on_features(self, head: H) -> H:
        """Return a head of features, of one of inputs."""


R = TypeVar("R", bound=FittedAgain[Any])


@dataclass(frozen=True)
class RefitFold(WithoutRows[R]):
    """A head that is fitted again on all rows but some."""

    @property
    def head(self) -> ScoringHead:
        """The head fitted on the kept rows, of features."""
        found: ScoringHead = self.full.on_features(self._head)
        return found

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        found: Floats = self._head.scores(self.full.values(self.removed))
        return found

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of kept rows by heads that are fitted without a part of them, which has complete groups.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], all kept ones or at least `FEW`; scores float32 [k, C], 0 where no row is left to fit on.
        """
        rows, scores = zip(*self._parts(group), strict=True)
        return np.concatenate(rows), np.concatenate(scores)

    def _parts(self, group: Rows | None) -> Iterator[tuple[Rows, Floats]]:
        """Yield rows that are left out together, and their scores."""
        number = group_numbers(None if group is None else group[self.kept], len(self.kept))
        part = (np.random.default_rng(0).permutation(int(number.max()) + 1) % PARTS)[number]
        done = 0
        for one in range(PARTS):
            rows, rest = self.kept[part == one], self.kept[part != one]
            if len(rows) == 0 or done >= FEW:
                continue
            done += len(rows)
            empty = np.zeros((len(rows), self.full.classes), dtype=np.float32)
            yield rows, self.full.fit(rest).scores(self.full.values(rows)) if len(rest) else empty

    @cached_property
    def _head(self) -> ScoringHead:
        found: ScoringHead = self.full.fit(self.kept)
        return found
