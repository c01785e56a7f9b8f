"""Errors per pair of classes, where related drawings that are confused alike count once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ErrorCounts:
    """Errors and class sizes, related drawings once.

    Attributes:
        pair: int64 [e], the two classes of each error: the lower index times the number of classes, plus the other.
        size: int64 [C], drawings per class.
    """

    pair: Ints
    size: Ints

    @classmethod
    def of(cls, label: Ints, answer: Ints, classes: int, group: Ints | None) -> ErrorCounts:
        """Count.

        Args:
            label, answer: int64 [n], the true class and the predicted one.
            classes: number of classes, C.
            group: int64 [n], related rows share a number; None: rows are independent.
        """
        own = np.arange(len(label)) if group is None else group
        wrong = np.flatnonzero(label != answer)
        first, second = np.minimum(label, answer)[wrong], np.maximum(label, answer)[wrong]
        size = np.bincount(_once(label, own), minlength=classes)
        return cls(_once(first * classes + second, own[wrong]), size)

    @property
    def wrong(self) -> int:
        """Number of all errors."""
        return len(self.pair)

    def between(self, first: int, second: int) -> int:
        """Return the number of errors between two classes, in either direction."""
        return int((self.pair == min(first, second) * len(self.size) + max(first, second)).sum())

    def chance(self, first: int, second: int) -> float:
        """Return the share of errors between two classes, if errors are in proportion to the sizes of both."""
        size = self.size.astype(np.float64)
        pairs = (size.sum() ** 2 - np.square(size).sum()) / 2
        return float(size[first] * size[second] / pairs) if pairs else 0.0


def _once(value: Ints, group: Ints) -> Ints:
    """Return the values, each once per group that has it."""
    return np.asarray(np.unique(np.stack([value, group]), axis=1)[0])
