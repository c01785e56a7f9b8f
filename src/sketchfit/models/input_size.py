"""Changes the input size of a network in training: timm resamples position embeddings and windows."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.config.own_size import own_input_size
from sketchfit.errors import UserError


def has_fixed_size(section: ModelSection) -> bool:
    """Return whether the backbone is built for one input size; others take any."""
    config = timm.get_pretrained_cfg(section.backbone)
    return config is not None and (config.fixed_input_size or "img_size" in section.args)


def size_hint(section: ModelSection) -> str:
    """Return a sentence that names the backbone's own input size; empty where the recipe has that one."""
    own = own_input_size(section.backbone)
    return "" if section.size == own else f"Try model.input_size={own}, the size that {section.backbone} is made for."


def set_input_size(model: nn.Module, size: int, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Change the input size of a network that is built for one, in place.

    Args:
        model: a timm model, unwrapped.
        size: new side of the input in pixels.
        optimizer: replaced parameters are replaced in its groups too, and their moments are deleted: those of another
            grid mean nothing.

    Raises:
        UserError: the model cannot change its input size, or not to this one.
    """
    resample: Any = getattr(model, "set_input_size", None)
    name = type(model).__name__
    if resample is None:
        raise UserError(
            f"training.resize: {name} is built for one input size and cannot change it",
            "Leave training.resize out, or choose another backbone.",
        )
    before = dict(model.named_parameters())
    try:
        resample(img_size=(size, size))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise UserError(f"training.resize: {name} does not take {size} × {size} pixels: {error}") from error
    after = dict(model.named_parameters())
    replaced = {before[key]: after[key] for key in before if before[key] is not after[key]}
    for parameter in replaced.values():
        parameter.data = parameter.data.contiguous()
    if optimizer is not None:
        _replace_parameters(optimizer, replaced)


def _replace_parameters(optimizer: torch.optim.Optimizer, changed: dict[nn.Parameter, nn.Parameter]) -> None:
    for group in optimizer.param_groups:
        group["params"] = [changed.get(parameter, parameter) for parameter in group["params"]]
    for old, new in changed.items():
        new.requires_grad_(old.requires_grad)
        getattr(optimizer, "_base_optimizer", optimizer).state.pop(old, None)  # Lookahead wraps the optimizer


def at_input_size(model: nn.Module, size: int) -> nn.Module:
    """Return a copy of the network for another input size."""
    other = copy.deepcopy(model)
    set_input_size(other, size)
    return other
