"""The form of a submission: its rows, and what is written into each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.dialect import PLAIN, Dialect

Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True)
class LabelFill:
    """The most probable class; of equally probable ones, that with the lowest index.

    Attributes:
        texts: C texts by class index, in the form of the sample.
    """

    texts: tuple[str, ...]

    def cells(self, prob: Floats) -> list[str]:
        """Return the cells of M rows from probabilities [M, C]."""
        return [self.texts[index] for index in prob.argmax(axis=1)]

    def accepts(self, cell: str) -> bool:
        """Return whether a cell can be right."""
        return cell in self.texts or cell.strip() in self.texts


@dataclass(frozen=True)
class RankedFill:
    """The most probable classes in one cell, the most probable first.

    Attributes:
        texts: C texts by class index, in the form of the sample.
        count: number of classes in each cell.
        separator: between them.
    """

    texts: tuple[str, ...]
    count: int
    separator: str

    def cells(self, prob: Floats) -> list[str]:
        """Return the cells of M rows from probabilities [M, C]."""
        order = np.argsort(-prob, axis=1, kind="stable")[:, : self.count]
        return [self.separator.join(self.texts[index] for index in row) for row in order]

    def accepts(self, cell: str) -> bool:
        """Return whether a cell can be right."""
        found = cell.split(self.separator)
        return len(found) <= self.count and len(set(found)) == len(found) and set(found) <= set(self.texts)


@dataclass(frozen=True)
class ProbabilityFill:
    """The probability of a class.

    Attributes:
        index: of the class.
    """

    index: int

    def cells(self, prob: Floats) -> list[str]:
        """Return the cells of M rows from probabilities [M, C]."""
        return [f"{p:.7g}" for p in prob[:, self.index]]

    def accepts(self, cell: str) -> bool:
        """Return whether a cell can be right."""
        return _is_probability(cell)


@dataclass(frozen=True)
class ConfidenceFill:
    """The probability of the most probable class."""

    def cells(self, prob: Floats) -> list[str]:
        """Return the cells of M rows from probabilities [M, C]."""
        return [f"{p:.7g}" for p in prob.max(axis=1)]

    def accepts(self, cell: str) -> bool:
        """Return whether a cell can be right."""
        return _is_probability(cell)


Fill = LabelFill | RankedFill | ProbabilityFill | ConfidenceFill


@dataclass(frozen=True)
class Submission:
    """The form of a submission: that of the sample, or the default one; predictions are written in its order.

    Attributes:
        columns: K column names.
        rows: the text of the K cells of each row, as in the sample.
        test_row: int64 [M], row of `Table.test` for each row.
        fills: what is written into each column; None where the sample's cell is kept.
        encoding: text encoding.
        dialect: how the sample is delimited.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    test_row: np.ndarray[Any, Any]
    fills: tuple[Fill | None, ...]
    encoding: str = "utf-8"
    dialect: Dialect = PLAIN

    @property
    def kept(self) -> list[int]:
        """Positions of the columns whose cells are kept: together they identify a row."""
        return [place for place, fill in enumerate(self.fills) if fill is None]

    @property
    def filled(self) -> list[int]:
        """Positions of the columns that predictions are written into."""
        return [place for place, fill in enumerate(self.fills) if fill is not None]

    def keys(self) -> list[tuple[str, ...]]:
        """Return the kept cells of each row."""
        kept = self.kept
        return [tuple(row[place] for place in kept) for row in self.rows]


def _is_probability(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 1
    except ValueError:
        return False
