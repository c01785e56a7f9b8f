"""Which backend a task gets: what was asked for, what is installed, and what is worth its conversion."""

from __future__ import annotations

import importlib.util
from typing import Literal

import torch

from sketchfit.errors import UserError

Backend = Literal["auto", "eager", "compiled", "onnxruntime", "openvino"]
PACKAGES: dict[Backend, tuple[str, ...]] = {"openvino": ("openvino", "onnx"), "onnxruntime": ("onnxruntime", "onnx")}
"""Packages that a converted backend needs, in the order in which `auto` prefers them."""

WORTH = 1e12
"""Floating-point operations from which a conversion pays: it takes seconds, about in proportion to the network, and
saves a share of the time afterwards; `benchmarks/conversion_worth.py` measures where that breaks even."""


def worth_converting(images: int, flops: int) -> bool:
    """Whether so many images are worth converting a network that takes so many operations an image."""
    return images * flops >= WORTH


def choose(wanted: Backend, work: bool, device: str, precision: str, installed: tuple[Backend, ...]) -> Backend:
    """The backend of a task, never `auto`.

    Args:
        work: whether there is enough of it (`worth_converting`).
        device: type of the device, `cpu`, `cuda` or `mps`.
        precision: `fp32`, `bf16` or `fp16`; converted networks compute in fp32, so others stay as they are.
        installed: converted backends that can be had here, the preferred one first.
    """
    if wanted != "auto":
        return wanted
    return installed[0] if installed and work and device == "cpu" and precision == "fp32" else "eager"


def installed_backends() -> tuple[Backend, ...]:
    """Converted backends whose packages are here."""
    return tuple(name for name, needs in PACKAGES.items() if not missing_packages(needs))


def check_backend(wanted: Backend, device: torch.device) -> None:
    """Tell a backend that can't be had before hours of training.

    Raises:
        UserError: its packages are missing; or it computes on CPUs, and the run does not.
    """
    if wanted not in PACKAGES:
        return
    if missing := missing_packages(PACKAGES[wanted]):
        raise UserError(
            f"inference.backend={wanted} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            "not installed",
            "pip install 'sketchfit[fast]', or set inference.backend=auto",
        )
    if device.type != "cpu":
        raise UserError(
            f"inference.backend={wanted} computes on the CPU, and the run's device is {device.type}",
            "Set inference.backend=auto, or compute.device=cpu",
        )


def missing_packages(packages: tuple[str, ...]) -> list[str]:
    """Those of the packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]
