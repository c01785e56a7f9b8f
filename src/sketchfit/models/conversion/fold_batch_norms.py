"""Folds batch norms into the convolutions before them, in float64.

Runtimes and torch's exporter fold them too, but in float32, and that rounding error grows through a deep network.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_weights

from sketchfit._timm import timm

FOLDABLE = (nn.Conv2d, timm.layers.Conv2dSame)
"""Convolutions that use their weight unchanged; others standardise it, which cancels any scale."""


def fold_batch_norms(model: nn.Module, images: torch.Tensor) -> int:
    """Fold all batch norms that can be folded, in place; each of them then returns its input.

    One forward pass shows which convolution feeds which batch norm. Where a convolution's output is used twice, the
    result is wrong: compare.

    Args:
        model: in evaluation mode; it cannot be trained afterwards.
        images: float [B, 3, H, W].

    Returns:
        How many batch norms were folded.
    """
    made: dict[int, tuple[nn.Conv2d, Any]] = {}
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    calls: dict[nn.Module, int] = {}

    def convolved(module: nn.Conv2d, _: Any, out: torch.Tensor) -> None:
        calls[module] = calls.get(module, 0) + 1
        made[id(out)] = module, out  # kept, so that no other tensor gets its id

    def normalising(module: nn.BatchNorm2d, given: tuple[torch.Tensor, ...]) -> None:
        calls[module] = calls.get(module, 0) + 1
        if id(given[0]) in made:
            pairs.append((made[id(given[0])][0], module))

    hooks: list[Any] = []
    for module in model.modules():
        if not (module._parameters or module._buffers):  # what stands for a part that a split model leaves out
            continue
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
    """Write both into the convolution, and make the batch norm the identity: mean 0, variance 1, epsilon 0."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        weight, bias = fuse_conv_bn_weights(
            conv.weight.double(),
            None if conv.bias is None else conv.bias.double(),
            norm.running_mean.double(),
            norm.running_var.double(),
            norm.eps,
            norm.weight.double(),
            norm.bias.double(),
        )
        conv.weight.copy_(weight)
        conv.bias = nn.Parameter(bias.to(conv.weight.dtype))
        norm.weight.fill_(1)
        norm.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
        norm.eps = 0.0
