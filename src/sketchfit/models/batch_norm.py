"""Batch norm statistics for averaged weights: after SWA, a soup or WiSE-FT.

Like torch's `swa_utils.update_bn`, but only for given layers, and without dropout, as in inference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle


def learning_batch_norms(model: nn.Module) -> tuple[str, ...]:
    """Return the names of the batch norms whose running statistics change in the model's current mode."""
    return tuple(
        name
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and module.training and module.track_running_stats
    )


@torch.no_grad()
def one_value_norms(model: nn.Module, names: Iterable[str], picture: Tensor) -> tuple[str, ...]:
    """Return the names of the batch norms that get one value per channel from a picture; modes are not changed.

    Args:
        model: any network.
        names: batch norms to look at.
        picture: float [1, 3, H, W], on the model's device.
    """
    values = dict[str, int]()

    def watched(name: str) -> RemovableHandle:
        def count(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values[name] = inputs[0].numel() // inputs[0].shape[1]

        return model.get_submodule(name).register_forward_pre_hook(count)

    handles, modes = [watched(name) for name in names], {module: module.training for module in model.modules()}
    try:
        model.eval()(picture)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return tuple(name for name, count in values.items() if count == 1)


@torch.no_grad()
def refresh_batch_norm(
    model: nn.Module,
    names: Iterable[str],
    batches: Iterable[Tensor],
    autocast: AbstractContextManager[object],
    forward: Callable[[Tensor], object] | None = None,
) -> None:
    """Set the running mean and variance to their mean over the batches, in place; the model is left in eval mode.

    Args:
        model: any network.
        names: batch norms to refresh; the others are not changed.
        batches: inputs, float [B, 3, H, W] each, on the model's device.
        autocast: context of the forward passes.
        forward: called with the inputs in place of the model.
    """
    norms = [module for name in names if isinstance(module := model.get_submodule(name), _BatchNorm)]
    if not norms:
        return
    momentum = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then computes the cumulative mean
        norm.train()
    with autocast:
        for images in batches:
            (forward or model)(images)
    for norm, old in zip(norms, momentum, strict=True):
        norm.momentum = old
    model.eval()
