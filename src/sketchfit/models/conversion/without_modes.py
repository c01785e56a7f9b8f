"""Modes of the caller, none of which may enter a converted network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def without_modes() -> Iterator[None]:
    """Leave inference mode and autocast, in which the caller may be, and record no gradients."""
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield
