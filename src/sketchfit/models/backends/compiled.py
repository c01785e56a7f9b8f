"""`torch.compile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from sketchfit.models.backend import TOLERANCE, Backend, BackendKind, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.backends.eager import eager

if TYPE_CHECKING:
    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network

TF32_TOLERANCE = 1e-3
"""Tolerance on GPUs, which round fp32 convolutions to TF32."""


@backends.register("compiled")
class Compiled(BackendKind):
    """`torch.compile`: needs a C++ compiler, and half a minute or more before the first batch."""

    @classmethod
    @override
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        import torch

        return eager(network, compute, torch.compile(network.model))  # type: ignore[arg-type]

    @classmethod
    @override
    def tolerance(cls, compute: Compute) -> float | None:
        if compute.precision != "fp32":
            return None  # two kernels of a lower precision need not agree
        return TOLERANCE if compute.device.type == "cpu" else TF32_TOLERANCE
