"""Batch norm folded into the convolution before it, in float64.

Runtimes and torch's exporter fold it too, but in float32, and that rounding grows through a deep network.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sketchfit._timm import timm

FOLDABLE = (nn.Conv2d, timm.layers.Conv2dSame)
"""Convolutions that use their weight as it is; others standardise it, which undoes any scale."""


def fold_batch_norms(model: nn.Module, images: torch.Tensor) -> int:
    """Fold what can be, in place, and return how many: a batch norm then hands its input on.

    Which convolution feeds which batch norm is seen in one forward pass. Where a convolution's output has a second
    reader the result is wrong: compare.

    Args:
        model: in evaluation mode, not to be trained any more.
        images: float [B, 3, H, W].
    """
    made: dict[int, tuple[nn.Conv2d, Any]] = {}
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    calls: dict[nn.Module, int] = {}

    def convolved(module: nn.Conv2d, _: Any, out: torch.Tensor) -> None:
        calls[module] = calls.get(module, 0) + 1
        made[id(out)] = module, out  # held, so that no other tensor gets its id

    def normalising(module: nn.BatchNorm2d, given: tuple[torch.Tensor, ...]) -> None:
        calls[module] = calls.get(module, 0) + 1
        if id(given[0]) in made:
            pairs.append((made[id(given[0])][0], module))

    hooks: list[Any] = []
    for module in model.modules():
        if type(module) in FOLDABLE:
            hooks.append(module.register_forward_hook(convolved))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats and module.affine:
            hooks.append(module.register_forward_pre_hook(normalising))
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()
    once = [(conv, norm) for conv, norm in pairs if calls[conv] == calls[norm] == 1]
    for conv, norm in once:
        _fold(conv, norm)
    return len(once)


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Write both into the convolution, and let the batch norm change nothing: mean 0, variance 1, epsilon 0."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        bias = torch.zeros_like(scale) if conv.bias is None else conv.bias.double()
        shift = (bias - norm.running_mean.double()) * scale + norm.bias.double()
        conv.weight.copy_(conv.weight.double() * scale.view(-1, 1, 1, 1))
        conv.bias = nn.Parameter(shift.to(conv.weight.dtype))
        norm.weight.fill_(1)
        norm.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
        norm.eps = 0.0
