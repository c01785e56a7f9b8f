"""How many groups of its class a network has learnt from: those that a fold leaves.

A fold that validates a group takes one group of that class away. With two to four groups per class this costs many
points, which a test row does not lose: it belongs to none of the training groups. So rows of a fold and test rows are
compared at the number of groups that the network had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats

Ints = NDArray[np.int64]


def units_per_class(label: Ints, group: Ints, rows: Ints, classes: int) -> Ints:
    """Count the groups of each class among some rows: int64 [C].

    Args:
        label: int64 [N].
        group: int64 [N]; a row without relations is a group of its own.
        rows: int64, the rows that count.
        classes: number of classes, C.
    """
    pairs = np.unique(np.stack([label[rows], group[rows]], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=classes).astype(np.int64)


@dataclass(frozen=True)
class UnitsLeft:
    """What the networks had of the classes of validation rows and of test rows.

    Attributes:
        valid: float64 [n], groups of its class that the network of each validated row was trained on, rows ascending;
            the mean over repeats.
        test: int64 [K, C], groups of each class that each network was trained on.
        share: float64 [C], share of each class among the test rows.
        weight: float64 [n], how frequent the class of each validated row is among test rows, relative to validated
            rows, 1 in the mean; None where classes are as frequent.
    """

    valid: Floats
    test: Ints
    share: Floats
    weight: Floats | None = None

    @property
    def validated(self) -> float:
        """Mean logarithm of the groups left for validation rows, over rows with any."""
        weight = self.weights * (self.valid > 0)
        return float(np.average(np.log(np.maximum(self.valid, 1e-9)), weights=weight)) if weight.any() else 0.0

    @property
    def weights(self) -> Floats:
        """`weight`; ones where classes are as frequent."""
        return np.ones(len(self.valid)) if self.weight is None else self.weight

    @property
    def tested(self) -> float:
        """Mean logarithm of the groups that the networks have for test rows, over those with any."""
        weight = np.broadcast_to(self.share / len(self.test), self.test.shape) * (self.test > 0)
        total = float(weight.sum())
        return float((weight * np.log(np.maximum(self.test, 1))).sum() / total) if total else 0.0

    @property
    def learnable(self) -> float:
        """Share of the test rows whose class a network has seen, the mean over networks."""
        return float((self.share * (self.test > 0)).sum() / len(self.test))


def units_left(
    label: Ints, group: Ints, parts: Sequence[tuple[Ints, Ints]], share: Floats, weight: Floats | None = None
) -> UnitsLeft:
    """Count what each fold leaves.

    Args:
        label: int64 [N].
        group: int64 [N].
        parts: rows to train on and rows to validate, int64 each, of each network.
        share: float64 [C], share of each class among the test rows.
        weight: of the validated rows, see `UnitsLeft`.
    """
    left = [units_per_class(label, group, train, len(share)) for train, _ in parts]
    total, times = np.zeros(len(label)), np.zeros(len(label), dtype=np.int64)
    for count, (_, rows) in zip(left, parts, strict=True):
        total[rows] += count[label[rows]]
        times[rows] += 1
    validated = times > 0
    return UnitsLeft(total[validated] / times[validated], np.stack(left), share, weight)
