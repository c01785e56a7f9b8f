"""A linear ridge regression without some rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.gram_fold import GramFold
from sketchfit.bank.heads import Head, Ridge, head_of
from sketchfit.bank.row_space import RowSpace

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class RidgeFold(GramFold[Ridge]):
    """A linear ridge regression on all rows but some.

    Attributes:
        space: of the coordinates that the regression has as its features.
    """

    space: RowSpace

    @property
    def head(self) -> Head:
        """The head fitted on the kept rows, of features."""
        return self.space.lifted(head_of(self._solution))

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of some kept rows, see `GramFold`; 0 where they are one group, so that none is left."""
        alone = len(self.kept) == 1 if group is None else len(np.unique(group[self.kept])) == 1
        if alone:
            return self.kept, np.zeros((len(self.kept), self.full.classes), dtype=np.float32)
        return super().left_out(group)
