"""Reads what `torch.save` wrote, without running code that a file contains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.torch_version import TorchVersion

from sketchfit.errors import UserError

SAFE = (2, 6)
"""First version of torch in which `weights_only=True` runs no code of a file (CVE-2025-32434)."""


def load_plain(path: Path, inert: Sequence[Any] = ()) -> Any:
    """Read a file to the CPU.

    Args:
        path: existing.
        inert: classes of values that may be in the file besides tensors, numbers, texts and their containers.

    Raises:
        UserError: torch is too old to read a file without running its code.
        Exception: torch raises many kinds for files that are damaged, not its own, or need code.
    """
    version = TorchVersion(torch.__version__)
    if version < ".".join(map(str, SAFE)):
        raise UserError(
            f"{path} is not read: torch {version} can run code that is hidden in it (CVE-2025-32434)",
            "Install torch 2.6 or newer, or give weights as .safetensors.",
        )
    with torch.serialization.safe_globals(list(inert)):
        return torch.load(path, map_location="cpu", weights_only=True)
