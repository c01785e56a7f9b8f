"""The accuracy of many different means of the same members, without adding complete probability tables each time.

A class can exceed the true one in a mean with weights of 0 or more only if at least one member gives it at least the
same probability, and it always does if all members do. So only these contested classes are kept, as margins
(probability minus that of the true class); rows that are decided either way are only counted. For good members a few
per cent are left of the 12.5 million numbers per member that 25,000 rows of 500 classes have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.ensembling.rule import Members

_BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class _Block:
    """Some rows: `margin` float32 [M, pairs], and the start of each row's pairs, int [rows]."""

    margin: Floats
    start: Ints


@dataclass(frozen=True)
class Margins:
    """Contested classes of n rows.

    Attributes:
        blocks: the contested rows, a few thousand each.
        always: number of rows on which every mean is correct.
        rows: n.
    """

    blocks: tuple[_Block, ...]
    always: int
    rows: int

    @staticmethod
    def of(members: Members, label: Ints, rows: Ints) -> Margins:
        """Return the margins of these rows (int [n], ascending) of members [N, C]; reads a block of rows at a time."""
        classes = members[0].shape[1]
        step = max(1, _BLOCK_BYTES // (4 * len(members) * classes))
        blocks, always = [], 0
        for begin in range(0, len(rows), step):
            block, decided_right = _contested(members, label, rows[begin : begin + step])
            always += decided_right
            if len(block.start):
                blocks.append(block)
        return Margins(tuple(blocks), always, len(rows))

    def zeros(self) -> list[Floats]:
        """Return the empty sum for `right_with` and `add`."""
        return [np.zeros(block.margin.shape[1], dtype=np.float32) for block in self.blocks]

    def add(self, sums: Sequence[Floats], member: int) -> None:
        """Add a member to a sum in place."""
        for block, total in zip(self.blocks, sums, strict=True):
            total += block.margin[member]

    def right_with(self, sums: Sequence[Floats], members: Ints) -> Ints:
        """Return the number of correct rows with each of these members added to the sum, int64 [m].

        A row where another class ties with the true one counts as wrong, so that a search does not profit from ties.
        """
        right = np.full(len(members), self.always, dtype=np.int64)
        for block, total in zip(self.blocks, sums, strict=True):
            for place, member in enumerate(members):
                highest = np.maximum.reduceat(total + block.margin[member], block.start)
                right[place] += int((highest < 0).sum())
        return right


def _contested(members: Members, label: Ints, rows: Ints) -> tuple[_Block, int]:
    """Return the contested pairs of these rows, and the number of rows that are always correct."""
    own = label[rows]
    margin = np.stack([np.asarray(prob[rows], dtype=np.float32) for prob in members])
    margin -= margin[:, np.arange(len(rows)), own][:, :, None]
    possible = margin.max(axis=0) >= 0
    certain = margin.min(axis=0) >= 0
    possible[np.arange(len(rows)), own] = False
    certain[np.arange(len(rows)), own] = False
    open_rows = possible.any(axis=1) & ~certain.any(axis=1)
    possible &= open_rows[:, None]
    pairs = possible.sum(axis=1)[open_rows]
    start = np.concatenate([[0], np.cumsum(pairs)[:-1]]) if len(pairs) else np.zeros(0, dtype=np.int64)
    decided_right = int((~open_rows & ~certain.any(axis=1)).sum())
    return _Block(np.ascontiguousarray(margin[:, possible]), start), decided_right
