"""What differs between devices: CUDA, Apple's GPU (MPS) and the CPU."""

from __future__ import annotations

import torch
from accelerate.utils.memory import should_reduce_batch_size

NO_FLOAT64 = ("mps",)
"""Types of devices without numbers of 64 bits."""

NO_MEMORY = "MPS backend out of memory"
"""In the message of torch, which raises no `OutOfMemoryError` there."""


def widest_float(device: torch.device) -> torch.dtype:
    """Return the floating-point numbers of a device with the most bits."""
    return torch.float32 if device.type in NO_FLOAT64 else torch.float64


def synchronize(device: torch.device) -> None:
    """Wait until a device has computed what was requested; the CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def release_cached_memory(device: torch.device) -> None:
    """Return memory that torch keeps for later to a GPU."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def gpu_memory(device: torch.device) -> int | None:
    """Return the bytes that a GPU has for torch; None for other devices."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return int(torch.mps.recommended_max_memory()) if device.type == "mps" else None


def is_out_of_memory(error: Exception) -> bool:
    """Return whether a device had too little memory."""
    return isinstance(error, torch.OutOfMemoryError) or NO_MEMORY in str(error) or should_reduce_batch_size(error)
