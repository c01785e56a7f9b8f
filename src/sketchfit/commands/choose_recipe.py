"""`--recipe auto`: the shipped recipe for the device of this machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from sketchfit.config.load import load_recipe
from sketchfit.tracking.console import Console

BY_MEMORY = ((64.0, "gpu-80gb"), (20.0, "strong"), (13.0, "gpu-16gb"), (6.5, "gpu-8gb"))
"""Least memory of a CUDA device in GiB, and the recipe that is made for it."""

log = logging.getLogger(__name__)


def choose_recipe(settings: Sequence[str] | Mapping[str, Any], *, candidates: bool = False) -> str:
    """Return the name of the shipped recipe for the device, after printing it.

    Args:
        settings: `key=value` texts or nested settings that change the recipe; `compute.device=cpu` counts here.
        candidates: whether the backbone is chosen among several: recipes for GPUs are made for their own one.

    Raises:
        UserError: a mistake in the settings.
    """
    section, has_cuda = load_recipe("cpu", settings), torch.cuda.is_available()
    if section.compute.device == "cuda" and not has_cuda:
        return "cpu"  # the run refuses the device
    name, reason = "cpu", "there is no CUDA device"
    if has_cuda and section.compute.device == "cpu":
        reason = "compute.device is cpu"
    elif has_cuda and candidates:
        reason = "recipes for GPUs are made for their own backbone, and there are candidates"
    elif has_cuda:
        device = torch.cuda.get_device_properties(0)
        memory = device.total_memory / 2**30
        name = next((one for least, one in BY_MEMORY if memory >= least), "cpu")
        reason = f"{device.name} has {memory:.0f} GiB"
    Console(section.tracking.progress)
    log.info(f"recipe {name}: {reason}; --recipe names another one, --time plans for a time")
    return name
