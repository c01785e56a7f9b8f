"""Devices, precision and processes, through accelerate."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast

from sketchfit.config.training import ComputeSection
from sketchfit.errors import UserError
from sketchfit.training.allocator import keep_freed_memory

MIXED = {"fp32": "no", "bf16": "no", "fp16": "fp16"}
"""What accelerate must know of the precision: to scale fp16's gradients. Autocast is the step's own, so that members of
one run, and runs of one process, may differ between fp32 and bf16."""


def make_engine(section: ComputeSection) -> Accelerator:
    """Set up the device, precision and processes (`accelerate launch` starts several).

    Raises:
        UserError: a device that this machine does not have, or fp16 on a CPU.
    """
    if section.device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "compute.device is cuda, and torch sees no CUDA device", "Set compute.device=auto, or mend the driver"
        )
    if section.device == "mps" and not torch.backends.mps.is_available():
        raise UserError("compute.device is mps, and torch sees none", "Set compute.device=auto")
    engine = Accelerator(cpu=section.device == "cpu", mixed_precision=MIXED[section.precision])
    if section.precision == "fp16" and engine.device.type == "cpu":
        raise UserError("compute.precision=fp16 needs a GPU", "Set compute.precision to bf16 or fp32")
    if section.keep_memory and engine.device.type == "cpu":
        keep_freed_memory()
    return engine


def from_main(engine: Accelerator, value: float) -> float:
    """The main process's value, in all processes: where clocks or running statistics differ, they must still agree."""
    if engine.num_processes == 1:
        return value
    shared = broadcast(torch.tensor([value], dtype=torch.float64, device=engine.device), from_process=0)
    return float(shared.item())
