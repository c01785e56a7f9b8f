"""Weights from a local file: `.safetensors`, or a PyTorch checkpoint read without unpickling code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from sketchfit.errors import UserError

NESTED = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model")
"""Keys under which training scripts store the weights in a checkpoint; averaged ones first."""

PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.")
"""Prefixes that wrappers add to every key."""


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read the weights and the metadata of a file.

    Args:
        path: `.safetensors` with optional metadata, or `.pth`, `.pt`, `.bin`, `.ckpt`.

    Returns:
        The state dict without the prefixes of wrappers, and the text metadata (empty where the format has none).

    Raises:
        UserError: there is no such file, it is not a checkpoint, or unpickling it would run code.
    """
    if not path.is_file():
        raise UserError(f"model.weights: {path} does not exist")
    if path.suffix == ".safetensors":
        try:
            with safe_open(str(path), framework="pt") as file:
                names = list(file.keys())
                return strip_prefixes({name: file.get_tensor(name) for name in names}), file.metadata() or {}
        except SafetensorError as error:
            raise UserError(f"model.weights: {path} is not a complete safetensors file: {error}") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for files that are not its own
        raise UserError(
            f"model.weights: {path} cannot be read as plain weights: {_first_line(error)}",
            "Save only a state dict of tensors, preferably as .safetensors. Checkpoints that run code are refused.",
        ) from error
    return strip_prefixes(_find_state_dict(content, path)), {}


def read_metadata(path: Path) -> dict[str, str]:
    """Read the text metadata of a file, without its tensors; empty where the format has none.

    Raises:
        UserError: there is no such file, or it is not complete.
    """
    if not path.is_file():
        raise UserError(f"model.weights: {path} does not exist")
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(str(path), framework="pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise UserError(f"model.weights: {path} is not a complete safetensors file: {error}") from error


def strip_prefixes(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Remove prefixes such as `model.` that all keys share."""
    stripped = dict(state)
    while stripped and (prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in stripped)), None)):
        stripped = {key[len(prefix) :]: value for key, value in stripped.items()}
    return stripped


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)  # an empty file raises an EOFError without text


def _find_state_dict(content: Any, path: Path) -> dict[str, torch.Tensor]:
    if isinstance(content, Mapping):
        for key in NESTED:
            if isinstance(content.get(key), Mapping):
                return _find_state_dict(content[key], path)
        tensors = {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
        if tensors:
            return tensors
    raise UserError(f"model.weights: {path} has no tensors where weights are expected")
