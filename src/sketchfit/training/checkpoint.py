"""`last.ckpt`: all that a training needs to go on as if it had never stopped.

Plain tensors and numbers; reading it runs no code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sketchfit.files import atomic


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write atomically: a kill at any moment leaves the previous checkpoint or this one."""
    with atomic(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Read a checkpoint of the training that `fingerprint` names; None if there is none, or it belongs to another."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state if state.get("fingerprint") == fingerprint else None
