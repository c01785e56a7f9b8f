"""Fisher's exact test on the shares of right answers of two parts of the rows, with related rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.proportions import LEVEL, effective_rows

Alternative = Literal["two-sided", "less"]

_SLACK = 1e-9


@dataclass(frozen=True)
class CountedRows:
    """Rows, counted as independent ones.

    Attributes:
        share: of right answers, 0 … 1.
        rows: number of independent rows that they are worth; not always an integer.
    """

    share: float
    rows: float

    @classmethod
    def of(cls, correct: NDArray[np.bool_], group: NDArray[np.int64] | None, level: float = LEVEL) -> CountedRows:
        """Count rows.

        Args:
            correct: bool [n], at least one.
            group: int64 [n], related rows share a number; None: rows are independent.
            level: coverage of the intervals that belong to the test, 0 … 1.
        """
        rows = float(len(correct)) if group is None else effective_rows(correct, group, level)
        return cls(float(correct.mean()), rows)


def exact_p_value(one: CountedRows, other: CountedRows, alternative: Alternative = "two-sided") -> float:
    """Return the p-value of equal shares (Fisher 1922), which is valid for few rows and for shares near 0 and 1.

    Counts that are not integers are rounded to those that differ less.

    Args:
        one, other: rows of the two parts.
        alternative: `less`: the share of `one` is lower.
    """
    from scipy.stats import fisher_exact  # takes half a second to import

    lower = one.share <= other.share
    table = [_counts(one, up=lower), _counts(other, up=not lower)]
    return float(fisher_exact(table, alternative).pvalue)


def _counts(part: CountedRows, up: bool) -> tuple[int, int]:
    """Return the numbers of right and wrong answers."""
    rows = max(int(part.rows + _SLACK), 1)
    exact = part.share * rows
    right = int(np.ceil(exact - _SLACK)) if up else int(np.floor(exact + _SLACK))
    return right, rows - right
