"""Batch norm with the statistics of a batch that several processes share, on CPUs and GPUs.

torch's own `SyncBatchNorm` refuses CPUs, and replaces the layers of a network. Here the layers stay, and with them the
names of the weights: the function that they call is another one while a step is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from typing_extensions import override


class SyncedBatchNorm(TorchFunctionMode):
    """A context in which batch norms in train mode use the mean and variance of the rows of all processes.

    All processes must compute the same layers in the same order, backward passes included.

    Args:
        counted: whether the rows of this process are rows of the batch; a process that has none computes another row.
    """

    def __init__(self, counted: bool = True) -> None:
        super().__init__()
        self._counted = counted

    @override
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Compute batch norm in train mode over all processes, and anything else as it is."""
        if func is functional.batch_norm:
            return _batch_norm(self._counted, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _batch_norm(
    counted: bool,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    *rest: Any,
    **named: Any,
) -> Tensor:
    """Return what `torch.nn.functional.batch_norm` returns for the batch of all processes; the same arguments."""
    settings = dict(zip(("weight", "bias", "training", "momentum", "eps"), rest, strict=False)) | named
    if not settings.get("training", False):
        return functional.batch_norm(input, running_mean, running_var, **settings)
    eps, momentum = settings.get("eps", 1e-5), settings.get("momentum", 0.1)
    answer: tuple[Tensor, Tensor, Tensor, Tensor]
    answer = _Normalised.apply(input, settings.get("weight"), settings.get("bias"), eps, counted)  # type: ignore[no-untyped-call]
    normalised, mean, variance, count = answer
    with torch.no_grad():
        if running_mean is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        if running_var is not None:
            unbiased = variance * (count / (count - 1).clamp(min=1))
            running_var.lerp_(unbiased.to(running_var.dtype), momentum)
    return normalised


class _Normalised(torch.autograd.Function):
    """(input [B, C, …], weight, bias, eps, counted) → (normalised, mean, variance, values per channel)."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, counted: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Normalise by the mean and variance over all processes."""
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        dims, shape = _of_channels(wide)
        number = wide.new_full((1,), wide.numel() // wide.shape[1] if counted else 0)
        sums = torch.cat([wide.sum(dims) if counted else wide.new_zeros(wide.shape[1]), number])
        dist.all_reduce(sums)
        count = sums[-1]
        mean = sums[:-1] / count
        centred = wide - mean.view(shape)
        squares = centred.square().sum(dims) if counted else torch.zeros_like(mean)
        dist.all_reduce(squares)
        variance = squares / count
        scale = torch.rsqrt(variance + eps)
        ctx.save_for_backward(input, weight, mean, scale, count)
        ctx.counted = counted
        ctx.mark_non_differentiable(mean, variance, count)
        normalised = centred * (scale if weight is None else scale * weight).view(shape)
        if bias is not None:
            normalised = normalised + bias.view(shape)
        return normalised.to(input.dtype), mean, variance, count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        """Return gradients; those of weight and bias are of this process's rows, as with any other layer."""
        input, weight, mean, scale, count = ctx.saved_tensors
        gradient = gradients[0].to(mean.dtype)
        dims, shape = _of_channels(gradient)
        unit = (input.to(mean.dtype) - mean.view(shape)) * scale.view(shape)
        of_bias, of_weight = gradient.sum(dims), (gradient * unit).sum(dims)
        of_input = None
        if ctx.needs_input_grad[0]:
            both = torch.stack([of_bias, of_weight])
            dist.all_reduce(both)
            if ctx.counted:
                centre, slope = (both / count).unbind()
                gradient = gradient - centre.view(shape) - unit * slope.view(shape)
            of_input = (gradient * (scale if weight is None else scale * weight).view(shape)).to(input.dtype)
        return (
            of_input,
            of_weight if weight is not None and ctx.needs_input_grad[1] else None,
            of_bias if ctx.needs_input_grad[2] else None,
            None,
            None,
        )


def _of_channels(values: Tensor) -> tuple[list[int], list[int]]:
    """Return the dimensions over which a channel's statistics are computed, and the shape of one value per channel."""
    dims = [dim for dim in range(values.dim()) if dim != 1]
    return dims, [-1 if dim == 1 else 1 for dim in range(values.dim())]
