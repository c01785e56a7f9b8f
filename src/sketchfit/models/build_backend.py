"""Builds a backend at the first batch, compares it with torch there, and uses torch where the two differ."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import torch

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.backends.eager import eager
from sketchfit.models.by_channels import ByChannels
from sketchfit.models.choose_backend import check_backend
from sketchfit.models.compare_backend import same_as_torch
from sketchfit.models.compute import Compute
from sketchfit.models.feature_network import tolerance_of
from sketchfit.models.network import Network
from sketchfit.tracking.console import ONCE

_LOG = logging.getLogger(__name__)

_NUMBER = re.compile(r"[\d.]+e?-?\d*")
"""Reasons that differ in their figures alone are one reason."""


def build_backend(
    name: str, network: Network, compute: Compute, report: Callable[[str], None] | None = None
) -> Backend:
    """Return a backend of a trained network.

    Args:
        name: of the backend, not `auto`.
        network: on the device of `compute`, in evaluation mode.
        report: called once, with the reason, if torch has to be used instead; None: it is logged, once per run.

    Raises:
        UserError: there is no such backend, or it cannot be used here.
    """
    check_backend(name, compute.device)
    return eager(network, compute) if name == "eager" else CheckedBackend(name, network, compute, report or _warn)


def _warn(text: str) -> None:
    _LOG.warning(text, extra={ONCE: _NUMBER.sub("", text)})


class CheckedBackend:
    """A backend that is built from the first pictures and compared with torch on them (arguments: `build_backend`)."""

    def __init__(self, name: str, network: Network, compute: Compute, report: Callable[[str], None]) -> None:
        self._name, self._network, self._compute, self._report = name, network, compute, report
        self._eager = eager(network, compute)
        self._by_channels = ByChannels(self._build)

    def __call__(self, pictures: Pictures) -> Floats:
        """Return probabilities [B, classes] of pictures [B, H, W, C]."""
        return self._by_channels(pictures)

    def _build(self, pictures: Pictures) -> Backend:
        kind, model = backends.get(self._name), self._network.model
        most = kind.tolerance(self._compute)
        built, why = same_as_torch(
            lambda: kind.build(self._network, pictures, self._compute),
            pictures,
            self._in_fp32,
            None if most is None else tolerance_of(model, most),
        )
        if why:
            self._report(f"inference.backend={self._name} is not used, torch is used instead: {why}")
            return self._eager
        return built

    def _in_fp32(self, pictures: Pictures) -> Floats:
        with torch.autocast(self._compute.device.type, enabled=False):
            return self._eager(pictures)
