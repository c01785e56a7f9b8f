"""`sketchfit version`: what a bug report needs to name."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from sketchfit.printing import echo
from sketchfit.version import version

PACKAGES = ("torch", "torchvision", "timm", "numpy", "pandas", "opencv-python-headless", "onnxruntime", "openvino")
"""Whose versions are printed."""


def print_versions() -> None:
    """Print the versions of sketchfit, Python and the libraries, and the devices."""
    from sketchfit.processors import cores

    echo(f"sketchfit {version()}")
    echo(f"python {platform.python_version()} ({sys.executable})")
    echo(f"system {platform.platform()}, {cores():g} cores")
    for name in PACKAGES:
        echo(f"{name} {_installed(name)}")
    for device in _devices():
        echo(device)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "is not installed"


def _devices() -> list[str]:
    """Return a line per accelerator."""
    try:
        import torch
    except ImportError:
        return []
    found = [f"cuda:{number} {torch.cuda.get_device_name(number)}" for number in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found or ["no accelerator"]
