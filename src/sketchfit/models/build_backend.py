"""Builds a backend at the first batch, compares it with torch there, and uses torch where the two differ."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.backends.eager import eager
from sketchfit.models.choose_backend import check_backend
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network

CHECKED = 8
"""Pictures of the first batch that are compared."""

_LOG = logging.getLogger(__name__)


def build_backend(
    name: str, network: Network, compute: Compute, report: Callable[[str], None] = _LOG.warning
) -> Backend:
    """Return a backend of a trained network.

    Args:
        name: of the backend, not `auto`.
        network: on the device of `compute`, in evaluation mode.
        report: called once, with the reason, if torch has to be used instead.

    Raises:
        UserError: there is no such backend, or it cannot be used here.
    """
    check_backend(name, compute.device)
    return eager(network, compute) if name == "eager" else CheckedBackend(name, network, compute, report)


class CheckedBackend:
    """A backend that is built from the first pictures and compared with torch on them (arguments: `build_backend`)."""

    def __init__(self, name: str, network: Network, compute: Compute, report: Callable[[str], None]) -> None:
        self._name, self._network, self._compute, self._report = name, network, compute, report
        self._eager = eager(network, compute)
        self._backend: Backend | None = None

    def __call__(self, pictures: Pictures) -> Floats:
        """Return probabilities [B, classes] of pictures [B, H, W, C]."""
        if self._backend is None:
            self._backend = self._build(pictures)
        return self._backend(pictures)

    def _build(self, pictures: Pictures) -> Backend:
        kind = backends.get(self._name)
        try:
            built = kind.build(self._network, pictures, self._compute)
            found = built(pictures)[:CHECKED]
        except Exception as error:  # converters and compilers raise all kinds; torch works in any case
            return self._give_up(f"it failed: {_first_line(error)}")
        tolerance = kind.tolerance(self._compute)
        if tolerance is None:
            return built
        with torch.autocast(self._compute.device.type, enabled=False):
            expected = self._eager(pictures[:CHECKED])
        if found.shape != expected.shape:
            return self._give_up(f"it returns shape {found.shape}, not {expected.shape}")
        gap = float(np.abs(found - expected).max())
        if not gap <= tolerance:  # written so that NaN is a difference
            return self._give_up(f"its probabilities differ by {gap:.1g} from torch's")
        return built

    def _give_up(self, why: str) -> Backend:
        self._report(f"inference.backend={self._name} is not used, torch is used instead: {why}")
        return self._eager


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
