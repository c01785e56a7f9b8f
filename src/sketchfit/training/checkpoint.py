"""`last.ckpt`: all that a training needs to continue as if it had not stopped.

It consists of tensors and numbers; reading it runs no code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sketchfit.files import atomic
from sketchfit.models.plain_pickle import load_plain


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint atomically: a process killed at any moment leaves the previous checkpoint or this one."""
    with atomic(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Read the checkpoint of the training with this fingerprint; None if there is none, or one of another."""
    if not path.is_file():
        return None
    state: dict[str, Any] = load_plain(path)
    return state if state.get("fingerprint") == fingerprint else None
