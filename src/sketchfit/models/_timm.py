"""The one door to timm and torchvision: `from sketchfit.models._timm import timm, torchvision`.

timm imports torchvision. Beside a CPU-only torch, torchvision's compiled operators often can't be loaded, and its
import then raises `operator torchvision::nms does not exist`, although nothing here uses those operators. Declaring
the two that its pure-Python part refers to, without an implementation, makes the rest usable. Where torchvision is
whole, nothing is changed. timm's subpackages are reached as attributes (`timm.optim.create_optimizer_v2`).
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _import_torchvision() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    # The failed import leaves some submodules behind; a second one would trip over them.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            torch.library.define(f"torchvision::{operator}", _SCHEMA)
    return importlib.import_module("torchvision")


torchvision = _import_torchvision()
timm = importlib.import_module("timm")
for _part in ("data", "layers", "loss", "models", "optim", "scheduler", "utils"):
    importlib.import_module(f"timm.{_part}")

__all__ = ["timm", "torchvision"]
