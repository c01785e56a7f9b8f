"""Matrix products of a training on a CPU in bf16, and everything else in fp32.

Products (linear layers, 1 × 1 convolutions, attention) round their inputs to bf16 and add up in fp32; weights,
activations and gradients stay fp32. Autocast to bf16 computes all convolutions in bf16, also depthwise ones, which gain
nothing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


def has_bf16_products() -> bool:
    """Return whether this machine's CPU has instructions for matrix products in bf16 (AMX)."""
    supported: Callable[[], bool] | None = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return supported is not None and supported()


@contextmanager
def bf16_products(*, pointwise: bool = True) -> Iterator[None]:
    """Compute products of fp32 matrices on the CPU in bf16, in all threads, until the end of the context.

    Args:
        pointwise: also 1 × 1 convolutions. Not with gradient checkpointing: torch computes the layers again without
            the context, and expects the same operations.
    """
    with _rounded(), _PointwiseAsProducts() if pointwise else nullcontext():
        yield


@contextmanager
def _rounded() -> Iterator[None]:
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # the caller has set the precision of single backends, which this function does not accept
        with _rounded_by_backend():
            yield
        return
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def _rounded_by_backend() -> Iterator[None]:
    matmul: Any = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before


class _PointwiseAsProducts(TorchFunctionMode):
    """Computes 1 × 1 convolutions as linear layers: oneDNN computes those in bf16, but not convolutions."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        if func is torch.conv2d:
            return _convolution(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _convolution(
    input: Tensor,  # the names of torch.conv2d, which may be called by them
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    *more: Any,
    **named: Any,
) -> Tensor:
    """Return the convolution, as a product where it is one."""
    groups = more[1] if len(more) > 1 else named.get("groups", 1)
    plain = groups == 1 and _all(stride, 1) and (padding == "valid" or _all(padding, 0))
    if not plain or input.ndim != 4 or weight.shape[2:] != (1, 1):
        return torch.conv2d(input, weight, bias, stride, padding, *more, **named)
    return F.linear(input.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def _all(values: int | str | Sequence[int], value: int) -> bool:
    """Return whether a stride or a padding has this value in both directions."""
    return values == value if isinstance(values, int | str) else all(one == value for one in values)
