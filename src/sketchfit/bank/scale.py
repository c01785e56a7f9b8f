"""Pooled features on comparable scales.

The power reduces the few large values of a feature, and each block counts the same however many features it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.models.feature_network import POWER

Floats = NDArray[np.float32]

CONSTANT = 1e-3
"""A feature whose standard deviation is at most this share of its mean is left out: float16 keeps 11 bits, so its
differences are mostly rounding errors."""
CHUNK = 256
"""Columns or rows that are copied at once: features of many images take hundreds of megabytes."""


@dataclass(frozen=True)
class FeatureScale:
    """What the rows of a table give for scaling other rows.

    Attributes:
        kept: int64 [K], columns that are not constant.
        mean: float32 [K], of sign(x) |x|^0.7.
        factor: float32 [K], 1 / (standard deviation · √(columns of the block that are kept)).
    """

    kept: NDArray[np.int64]
    mean: Floats
    factor: Floats

    @classmethod
    def of(cls, features: Floats, widths: Sequence[int] | None = None) -> FeatureScale:
        """Compute the scale of features [N, D].

        Args:
            features: float [N, D], N at least 1.
            widths: columns per block; they sum to D. None: one block.

        Raises:
            ValueError: no row, or blocks of other widths.
        """
        count, columns = features.shape
        blocks = (columns,) if widths is None else tuple(widths)
        if count == 0 or sum(blocks) != columns:
            raise ValueError(f"blocks of {blocks} columns do not fit features of shape {features.shape}")
        mean, std = np.empty(columns), np.empty(columns)
        for start in range(0, columns, CHUNK):
            part = slice(start, start + CHUNK)
            values = _powered(features[:, part]).astype(np.float64)
            mean[part], std[part] = values.mean(axis=0), values.std(axis=0)
        varies = std > CONSTANT * np.abs(mean)
        of_block = np.repeat(np.arange(len(blocks)), blocks)
        width = np.bincount(of_block[varies], minlength=len(blocks))[of_block]
        kept = np.flatnonzero(varies)
        factor = 1 / (std[kept] * np.sqrt(width[kept]))
        return cls(kept, mean[kept].astype(np.float32), factor.astype(np.float32))

    def apply(self, features: Floats) -> Floats:
        """Return features [n, D] on this scale, a new array float32 [n, K]."""
        found = np.empty((len(features), len(self.kept)), dtype=np.float32)
        for start in range(0, len(features), CHUNK):
            part = found[start : start + CHUNK]
            np.subtract(_powered(features[start : start + CHUNK, self.kept]), self.mean, out=part)
            part *= self.factor
        return found

    def mean_of(self, parts: Iterable[Floats]) -> Floats:
        """Return the mean of several features of the same rows, each [n, D], on this scale: a new array [n, K]."""
        each = [self.apply(part) for part in parts]
        return each[0] if len(each) == 1 else np.mean(each, axis=0, dtype=np.float32)


def scaled(train: Floats, *others: Floats, widths: Sequence[int] | None = None) -> tuple[Floats, ...]:
    """Return all features on the scale of the training rows.

    Each value x becomes sign(x) |x|^0.7. Each column gets mean 0 and standard deviation 1 over the training rows; it is
    left out if it is constant there. Each block is divided by the root of its number of columns.

    Args:
        train: float [N, D], rows whose image was read.
        others: float [M, D] each.
        widths: columns per block (`BankFeatures.widths`); None: one block.

    Returns:
        float32 [N, K] and [M, K] each, new arrays.
    """
    scale = FeatureScale.of(train, widths)
    return tuple(scale.apply(one) for one in (train, *others))


def _powered(features: Floats) -> Floats:
    """Return sign(x) |x|^0.7, a new array float32."""
    magnitude = np.abs(features, dtype=np.float32)
    np.power(magnitude, POWER, out=magnitude)
    return np.copysign(magnitude, features, out=magnitude)
