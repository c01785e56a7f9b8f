"""Trials that leave no trace: random numbers and the log continue as if there had been none."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from sketchfit.tracking.console import LOGGER


@contextmanager
def same_randomness(device: torch.device) -> Iterator[None]:
    """Restore all generators of random numbers after the block."""
    python, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002 - libraries may use the global one
    devices = [device] if device.type in ("cuda", "mps") else []
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(arrays)  # noqa: NPY002


@contextmanager
def quiet() -> Iterator[None]:
    """Print no lines of the training in the block."""
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
