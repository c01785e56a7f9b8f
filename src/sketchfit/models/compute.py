"""Device, precision and memory format of forward passes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sketchfit.config.training import ComputeSection
from sketchfit.errors import UserError

BF16_FROM = 8
"""Compute capability of CUDA devices."""


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


def check_device(section: ComputeSection) -> None:
    """Refuse a device that this machine does not have, and fp16 on a CPU.

    Raises:
        UserError: one of these.
    """
    if section.device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "compute.device is cuda, and torch finds no CUDA device", "Set compute.device=auto, or fix the driver."
        )
    if section.device == "mps" and not torch.backends.mps.is_available():
        raise UserError("compute.device is mps, and torch finds no such device", "Set compute.device=auto.")
    if section.precision == "fp16" and section.device == "cpu":
        raise no_fp16()


def has_fast_bf16(device: torch.device) -> bool:
    """Return whether a device is a CUDA device with tensor cores for bf16: of compute capability 8 or later."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= BF16_FROM


def no_fp16() -> UserError:
    """Return the error of fp16 on a CPU."""
    return UserError("compute.precision=fp16 needs a GPU", "Set compute.precision to bf16 or fp32.")


def device_of(section: ComputeSection) -> torch.device:
    """Return the device of a recipe in one process: that which it names, else this machine's accelerator, else the CPU.

    Raises:
        UserError: see `check_device`.
    """
    check_device(section)
    if section.device != "auto":
        return torch.device(section.device)
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if found is None and section.precision == "fp16":
        raise no_fp16()
    return found or torch.device("cpu")
