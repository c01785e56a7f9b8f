"""On what was measured, and with which versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import date
from pathlib import Path

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "opencv-python-headless",
    "numpy",
    "pillow",
    "albumentations",
    "fastai",
    "onnxruntime",
    "openvino",
)


def cpu_model() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory_gb() -> float:
    """Main memory, 10⁹ bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def versions() -> str:
    """Of all packages that are measured, where they are installed."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def gpu_name() -> str | None:
    """The first CUDA device's name; None where torch finds none."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def describe() -> str:
    """Return the date, the machine, the versions of packages, and the load of the machine at this moment."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load, gpu = os.getloadavg()[0], gpu_name()
    return (
        f"{date.today()}; {cpu_model()}, {cores} cores, {memory_gb():.0f} GB, {f'{gpu}, ' if gpu else ''}"
        f"{platform.system()}; {versions()}. "
        f"Load before the first round (1 minute): {load:.1f}."
    )
