"""Weights from a local file: `.safetensors`, or a PyTorch checkpoint read without unpickling code."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from sketchfit.errors import UserError, not_a_file
from sketchfit.models.checkpoint import INERT, find_state_dict, strip_prefixes
from sketchfit.models.plain_pickle import load_plain
from sketchfit.models.tensor_file import KEY, check_tensors
from sketchfit.regular import check_archive


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read the weights and the metadata of a file.

    Args:
        path: `.safetensors` with optional metadata, or `.pth`, `.pt`, `.bin`, `.ckpt`, `.pth.tar`.

    Returns:
        The state dict without the prefixes of wrappers, and the text metadata without
        the checksum (empty where the format has none).

    Raises:
        UserError: there is no such file, it is not a checkpoint, or unpickling it would run code.
    """
    if not path.is_file():
        raise UserError(f"model.weights: {not_a_file(path)}")
    if path.suffix == ".safetensors":
        check_tensors(path)
        try:
            with safe_open(str(path), framework="pt") as file:
                state = {name: file.get_tensor(name) for name in list(file.keys())}
                return strip_prefixes(state), _without_checksum(file.metadata())
        except SafetensorError as error:
            raise UserError(f"model.weights: {path} is not a complete safetensors file: {error}") from error
    try:
        if zipfile.is_zipfile(path):
            check_archive(path)
        content = load_plain(path, INERT)
    except UserError:
        raise
    except Exception as error:  # torch raises many kinds for files that are not its own
        raise UserError(
            f"model.weights: {path} cannot be read as plain weights: {_first_line(error)}",
            "Save only a state dict of tensors, preferably as .safetensors. Checkpoints that run code are refused.",
        ) from error
    state = strip_prefixes(find_state_dict(content))
    if not state:
        raise UserError(f"model.weights: {path} has no tensors where weights are expected")
    return state, {}


def read_metadata(path: Path) -> dict[str, str]:
    """Read the text metadata of a file, without its tensors; empty where the format has none.

    Raises:
        UserError: there is no such file, or it is not complete.
    """
    if not path.is_file():
        raise UserError(f"model.weights: {not_a_file(path)}")
    if path.suffix != ".safetensors":
        return {}
    check_tensors(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            return _without_checksum(file.metadata())
    except SafetensorError as error:
        raise UserError(f"model.weights: {path} is not a complete safetensors file: {error}") from error


def _without_checksum(metadata: dict[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (metadata or {}).items() if key != KEY}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)  # an empty file raises an EOFError without text
