"""Class frequencies of the test rows that differ from those of the training rows, as a claim uses them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.runs.artefacts import EstimatedFrequencies

_Z = 1.96


@dataclass(frozen=True)
class ShiftedFrequencies:
    """Estimated class frequencies of the test rows.

    Attributes:
        share: float64 [C], of each class, sum 1.
        share_error: float64 [C], standard errors.
    """

    share: Floats
    share_error: Floats

    @classmethod
    def of(cls, found: EstimatedFrequencies | None) -> ShiftedFrequencies | None:
        """Return the frequencies where they are shown to differ, and the drawings themselves are not; else None."""
        if found is None or not found.differs or found.other_confidence is not None:
            return None
        width = np.array(found.high) - np.array(found.low)
        return cls(np.array(found.test) / np.sum(found.test), width / (2 * _Z))

    def weight(self, label: Ints) -> Floats:
        """Return how frequent the class of each row is among test rows, relative to these rows, 1 in the mean.

        Args:
            label: int64 [n], classes of out-of-fold rows.
        """
        found = self.share[label] / np.bincount(label, minlength=len(self.share))[label]
        return np.asarray(found / found.mean()) if found.any() else np.ones(len(label))

    def error(self, right: Bools, label: Ints) -> float:
        """Return the standard error of an accuracy that comes from that of the frequencies.

        Args:
            right: bool [n], of out-of-fold rows.
            label: int64 [n], their classes.
        """
        mean, rows = float(right.mean()), np.bincount(label, minlength=len(self.share))
        accuracy = (np.bincount(label, weights=right, minlength=len(self.share)) + mean) / (rows + 1)
        return float(np.sqrt(np.square(self.share_error * (accuracy - mean)).sum()))
