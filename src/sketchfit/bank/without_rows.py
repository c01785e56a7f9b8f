"""A head in closed form on all rows but some: what folds of all kinds of heads share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.removal import check_removable

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class OfRows(Protocol):
    """A fit on all rows."""

    @property
    def label(self) -> Rows:
        """Classes of the rows, int64 [n], 0 … C-1."""

    @property
    def classes(self) -> int:
        """Number of classes, C."""


class ScoringHead(Protocol):
    """A head on scaled features."""

    def scores(self, features: Floats) -> Floats:
        """Return scores float32 [m, C] of features float32 [m, K]."""


F = TypeVar("F", bound=OfRows)


@dataclass(frozen=True)
class WithoutRows(ABC, Generic[F]):
    """A fit on all rows but some.

    Attributes:
        full: the fit on all rows, n.
        removed: int64 [s], distinct; may be empty.
    """

    full: F
    removed: Rows

    def __post_init__(self) -> None:
        """Check the rows.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        check_removable(self.removed, len(self.full.label))

    @cached_property
    def kept(self) -> Rows:
        """Rows of the fit, int64 [n - s], ascending."""
        return np.setdiff1d(np.arange(len(self.full.label)), self.removed)

    @property
    @abstractmethod
    def head(self) -> ScoringHead:
        """The head fitted on the kept rows."""

    @abstractmethod
    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""

    @abstractmethod
    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of kept rows by heads that are fitted without the rows of their groups as well.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], all kept ones or, where they are many, complete groups of them; scores float32 [k, C].
        """
