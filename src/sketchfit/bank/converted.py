"""Pooled features by a converted network, which is faster than torch on a CPU; torch where the two differ."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.models.backend import Pictures
from sketchfit.models.backends import backends
from sketchfit.models.by_channels import ByChannels
from sketchfit.models.compare_backend import same_as_torch
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.network import Network
from sketchfit.tracking.console import ONCE

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Forward = Callable[[Pictures], Floats]
"""Features float32 [B, D] of pictures uint8 [B, size, size, C]."""

TOLERANCE = 2e-4
"""Largest difference from torch's features, as a share of the largest feature of the block; float16 rounds by 5e-4."""


class ConvertedForward:
    """Computes features by a backend that is built from the first pictures and compared with torch on them.

    Args:
        name: of the backend.
        pooled: whose model returns the features.
        widths: columns per block.
        eager: computes the features by torch.
    """

    def __init__(self, name: str, pooled: Network, widths: Sequence[int], eager: Forward) -> None:
        self._name, self._pooled, self._widths, self._eager = name, pooled, widths, eager
        self._by_channels = ByChannels(self._build)

    def __call__(self, pictures: Pictures) -> Floats:
        """Return the features float32 [B, D] of pictures uint8 [B, size, size, C]."""
        return self._by_channels(pictures)

    def _build(self, pictures: Pictures) -> Forward:
        kind = backends.get(self._name)
        assert issubclass(kind, ConvertedKind)
        forward, why = same_as_torch(
            lambda: kind.build_values(self._pooled, pictures),
            pictures,
            self._eager,
            TOLERANCE,
            difference_by_block(self._widths),
        )
        if why:
            log.info(f"features by torch, {self._name} is not used: {why}", extra={ONCE: f"features {self._name}"})
        return forward


def difference_by_block(widths: Sequence[int]) -> Callable[[Floats, Floats], float]:
    """Return what measures the largest difference of features, as a share of the largest value of its block.

    Args:
        widths: columns per block.
    """
    starts = np.cumsum((0, *widths[:-1]))

    def difference(found: Floats, expected: Floats) -> float:
        gap, largest = (
            np.maximum.reduceat(np.abs(values).max(axis=0), starts) for values in (found - expected, expected)
        )
        return float((gap / np.where(largest > 0, largest, 1)).max())

    return difference
