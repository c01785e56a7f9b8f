"""A trial of `torch.compile`, which needs a compiler of C++ and, on a GPU, Triton."""

from __future__ import annotations

import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.models.faults import one_line


def check_compile(device: torch.device) -> None:
    """Compile one small layer, and compute its output and gradients.

    Raises:
        UserError: it fails on this machine.
    """
    try:
        torch.compile(nn.Linear(4, 4).to(device))(torch.ones(2, 4, device=device)).sum().backward()
    except Exception as error:  # compilers raise anything
        raise UserError(
            f"compute.compile: torch.compile fails on this machine: {one_line(error)}",
            "Set compute.compile=false, or install a C++ compiler (and Triton for a GPU).",
        ) from error
