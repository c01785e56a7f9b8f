"""Import timm and torchvision, with a workaround for torchvision's compiled operators.

Use `from sketchfit._timm import timm, torchvision`; nothing else imports them. With a CPU-only torch, torchvision's
compiled operators often cannot be loaded, and importing it raises `operator torchvision::nms does not exist`. timm
imports torchvision but uses none of those operators. Declaring the two that torchvision's Python code refers to,
without an implementation, makes the import succeed. A torchvision that can be imported is left unchanged. Subpackages
of timm are attributes (`timm.optim.create_optimizer_v2`).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _import_torchvision() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    # The failed import leaves some submodules behind, which make a second import fail.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            torch.library.define(f"torchvision::{operator}", _SCHEMA)
    return importlib.import_module("torchvision")


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let the import of a package fail within the block, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


torchvision = _import_torchvision()
with _without("wandb"):  # timm would import it for its own training script, which takes a quarter of a second
    timm = importlib.import_module("timm")
    for _part in ("data", "layers", "loss", "models", "optim", "scheduler", "utils"):
        importlib.import_module(f"timm.{_part}")

__all__ = ["timm", "torchvision"]
