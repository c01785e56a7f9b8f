"""Folds batch norms into the convolutions before them, in float64.

Runtimes and torch's exporter fold them too, but in float32, and that rounding error grows through a deep network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_weights
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from sketchfit._timm import timm

FOLDABLE = (nn.Conv2d, timm.layers.Conv2dSame)
"""Convolutions that use their weight unchanged; others standardise it, which cancels any scale."""


def fold_batch_norms(model: nn.Module, images: torch.Tensor) -> int:
    """Fold all batch norms that can be folded, in place; each of them then returns its input.

    One forward pass shows which convolution feeds which batch norm. Pairs are left unchanged where anything else reads
    the convolution's output, as the shortcut of CoAtNet's first block does, and where one of them is called twice.

    Args:
        model: in evaluation mode; it cannot be trained afterwards.
        images: float [B, 3, H, W].

    Returns:
        How many batch norms were folded.
    """
    readers = _Readers()
    hooks: list[Any] = []
    for module in model.modules():
        if not (module._parameters or module._buffers):  # what stands for a part that a split model leaves out
            continue
        if type(module) in FOLDABLE:
            hooks.append(module.register_forward_hook(readers.convolved))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats and module.affine:
            hooks.append(module.register_forward_pre_hook(readers.normalising))
            hooks.append(module.register_forward_hook(readers.normalised))
    try:
        with torch.no_grad(), readers:
            returned = model(images)
    finally:
        for hook in hooks:
            hook.remove()
    pairs = readers.pairs(tree_leaves(returned))
    for conv, norm in pairs:
        _fold(conv, norm)
    return len(pairs)


class _Readers(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records which batch norms and which other operators read the outputs of convolutions, while it is active."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._made: dict[int, tuple[nn.Conv2d, torch.Tensor]] = {}
        self._read_by: dict[int, set[nn.BatchNorm2d | None]] = {}
        self._calls: dict[nn.Module, int] = {}
        self._norm: nn.BatchNorm2d | None = None

    @override
    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for value in tree_leaves((args, kwargs)):
            if id(value) in self._made:
                self._read_by[id(value)].add(self._norm)
        return func(*args, **(kwargs or {}))

    def convolved(self, module: nn.Conv2d, _: Any, out: torch.Tensor) -> None:
        """Record an output; it is kept, so that no other tensor gets its id."""
        self._calls[module] = self._calls.get(module, 0) + 1
        self._made[id(out)] = module, out
        self._read_by[id(out)] = set()

    def normalising(self, module: nn.BatchNorm2d, _: Any) -> None:
        """Record what is read next as read by this batch norm."""
        self._calls[module] = self._calls.get(module, 0) + 1
        self._norm = module

    def normalised(self, *_: Any) -> None:
        """End what `normalising` began."""
        self._norm = None

    def pairs(self, returned: Sequence[Any]) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """Return the convolutions whose output one batch norm reads and nothing else, with that batch norm.

        Args:
            returned: by the model.
        """
        for value in returned:
            self._read_by.get(id(value), set()).add(None)
        found = [
            (conv, norm)
            for place, (conv, _) in self._made.items()
            if len(self._read_by[place]) == 1
            for norm in self._read_by[place]
            if norm is not None
        ]
        return [(conv, norm) for conv, norm in found if self._calls[conv] == self._calls[norm] == 1]


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
