"""Device, precision and memory format of forward passes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sketchfit.config.training import ComputeSection


@dataclass(frozen=True)
class Compute:
    """Where and how a network computes.

    Attributes:
        device: of the network and its input.
        precision: `fp32`, `bf16` or `fp16`; the latter two by autocast.
        channels_last: memory format of the input: channels last, or contiguous.
    """

    device: torch.device
    precision: str = "fp32"
    channels_last: bool = True

    @staticmethod
    def of(section: ComputeSection, device: torch.device) -> Compute:
        """Return the settings of a recipe on this device."""
        return Compute(device, section.precision, section.channels_last)

    def autocast(self) -> torch.autocast:
        """Return the autocast context of the precision."""
        return autocast(self.device, self.precision)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the autocast context of a precision; it is off for fp32."""
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=precision != "fp32")
