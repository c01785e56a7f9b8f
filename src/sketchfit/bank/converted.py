"""Pooled features by a converted network, which is faster than torch on a CPU; torch where the two differ."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.models.backend import Pictures
from sketchfit.models.backends import backends
from sketchfit.models.choose_backend import check_backend
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.conversion.fixed_batch import in_batches_of
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.network import Network

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Forward = Callable[[Pictures], Floats]
"""Features float32 [B, D] of pictures uint8 [B, size, size, C]."""

CHECKED = 8
"""Pictures of the first batch that are compared."""

TOLERANCE = 2e-4
"""Largest difference from torch's features, as a share of the largest feature of the block; float16 rounds by 5e-4."""


def is_converted(name: str, compute: Compute) -> bool:
    """Return whether a backend is a converted network that computes as this device and precision do."""
    if name == "eager" or compute.precision != "fp32":
        return False
    check_backend(name, compute.device)
    return issubclass(backends.get(name), ConvertedKind)


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
        self._forward: Forward | None = None

    def __call__(self, pictures: Pictures) -> Floats:
        """Return the features float32 [B, D] of pictures uint8 [B, size, size, C]."""
        if self._forward is None:
            self._forward = self._build(pictures)
        return self._forward(pictures)

    def _build(self, pictures: Pictures) -> Forward:
        kind = backends.get(self._name)
        assert issubclass(kind, ConvertedKind)
        try:
            graph = to_onnx(self._pooled, pictures.shape, probabilities=False)
            built = in_batches_of(len(pictures), kind.load(graph, torch.get_num_threads()))
            gap = self._gap(built(pictures[:CHECKED]), self._eager(pictures[:CHECKED]))
        except Exception as error:  # converters raise all kinds; torch works in any case
            log.info(f"frozen features by torch, as {self._name} failed: {type(error).__name__}")
            return self._eager
        if not gap <= TOLERANCE:  # written so that NaN is a difference
            log.info(f"frozen features by torch, as those of {self._name} differ by {gap:.1g}")
            return self._eager
        return built

    def _gap(self, found: Floats, expected: Floats) -> float:
        """Return the largest difference, as a share of the largest value of its block."""
        starts = np.cumsum((0, *self._widths[:-1]))
        gap, largest = (
            np.maximum.reduceat(np.abs(values).max(axis=0), starts) for values in (found - expected, expected)
        )
        return float((gap / np.where(largest > 0, largest, 1)).max())
