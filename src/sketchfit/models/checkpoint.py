"""Finds the weights in what a training script has saved: nested, and with the prefixes of wrappers."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

NESTED = (
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "model_ema_state_dict",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
)
"""Keys under which training scripts store the weights in a checkpoint; averaged ones first."""

PREFIXES = (
    "module.",
    "model.",
    "backbone.",
    "_forward_module.",
    "net.",
    "base_model.",
    "feature_extractor.",
    "ema_model.",
)
"""Prefixes that wrappers add to every key; no timm model with such a name at the top is one of them."""

WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""Parts of names that torch's own wrappers insert anywhere."""

COUNTERS = ("n_averaged",)
"""Entries of a wrapper itself: the counter of `torch.optim.swa_utils.AveragedModel`."""

_SCALAR: Any = np.float64(0).__reduce__()[0]
_ARRAY: Any = np.zeros(0).__reduce__()[0]

INERT: list[Any] = [
    argparse.Namespace,
    pathlib.PosixPath,
    pathlib.WindowsPath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("bool", "int32", "int64", "uint8", "float16", "float32", "float64")),
    *((_SCALAR, f"{package}.multiarray.scalar") for package in ("numpy.core", "numpy._core")),
    *((_ARRAY, f"{package}.multiarray._reconstruct") for package in ("numpy.core", "numpy._core")),
]
"""Kinds of values that checkpoints have next to the weights (options, paths, metrics) and that run no code."""


def find_state_dict(content: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a checkpoint that are weights, with the names that they have in it; empty if none are.

    Args:
        content: what `torch.load` returned: a state dict, or mappings around one.
    """
    if not isinstance(content, Mapping):
        return {}
    for key in NESTED:
        if isinstance(content.get(key), Mapping) and (found := find_state_dict(content[key])):
            return found
    if tensors := {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}:
        return tensors
    others = [find_state_dict(value) for key, value in content.items() if not str(key).startswith("optim")]
    found_there = [state for state in others if state]
    return found_there[0] if len(found_there) == 1 else {}


def strip_prefixes(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Remove what wrappers add to names: parts such as `_orig_mod.`, and prefixes such as `model.` that most have.

    Names without such a prefix, for instance those of a loss next to the network, stay.
    """
    stripped = {_unwrapped(name): value for name, value in state.items() if name not in COUNTERS}
    while prefix := next((one for one in PREFIXES if _most_have(one, stripped)), None):
        others = {name: value for name, value in stripped.items() if not name.startswith(prefix)}
        own = {name.removeprefix(prefix): value for name, value in stripped.items() if name not in others}
        stripped = {**others, **own}
    return stripped


def _unwrapped(name: str) -> str:
    for part in WRAPPERS:
        name = name.replace(part, "")
    return name


def _most_have(prefix: str, state: Mapping[str, torch.Tensor]) -> bool:
    return 2 * sum(name.startswith(prefix) for name in state) > len(state)
