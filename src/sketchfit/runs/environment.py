"""Machine and versions that a run was made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform

from sketchfit.redact import this_command
from sketchfit.runs.artefacts import Environment

PACKAGES = (
    "sketchfit",
    "torch",
    "torchvision",
    "timm",
    "accelerate",
    "opencv-python-headless",
    "numpy",
    "scikit-learn",
)


def environment() -> Environment:
    """Describe this machine, the command and the versions of packages, without anything secret."""
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        cpus=os.cpu_count(),
        command=this_command(),
        packages={name: _version(name) for name in PACKAGES},
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
