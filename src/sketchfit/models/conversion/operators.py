"""Operators that torch's exporter to ONNX does not convert, or not with these arguments.

- `adaptive_avg_pool2d` to a size that does not divide the map's (VGG at 128 px): two products with matrices of means.
- `col2im` to a size that is computed in the graph (VOLO).
- `rms_norm`, from simpler operators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.onnx import (  # type: ignore[attr-defined]
    register_custom_op_symbolic,
    symbolic_helper,
    unregister_custom_op_symbolic,
)

OPSET = 18
"""Version of ONNX's operators from which these are written."""


@contextmanager
def more_operators() -> Iterator[None]:
    """Let torch's exporter convert them within the block."""
    for name, convert in CONVERTED.items():
        register_custom_op_symbolic(f"aten::{name}", convert, OPSET)
    try:
        yield
    finally:
        for name in CONVERTED:
            unregister_custom_op_symbolic(f"aten::{name}", OPSET)


@symbolic_helper.parse_args("v", "is")
def adaptive_avg_pool2d(g: Any, maps: Any, size: Sequence[int]) -> Any:
    """Convert the mean of the maps [B, C, H, W] in `size` parts of rows and columns."""
    if tuple(size) == (1, 1):
        return g.op("GlobalAveragePool", maps)
    given = (symbolic_helper._get_tensor_sizes(maps) or [None] * 4)[2:]
    if all(side is not None and side % parts == 0 for side, parts in zip(given, size, strict=True)):
        steps = [side // parts for side, parts in zip(given, size, strict=True)]
        return g.op("AveragePool", maps, kernel_shape_i=steps, strides_i=steps)
    rows, columns = (_means(g, maps, axis, parts) for axis, parts in zip((2, 3), size, strict=True))
    return g.op("MatMul", g.op("MatMul", rows, maps), g.op("Transpose", columns, perm_i=[1, 0]))


def _means(g: Any, maps: Any, axis: int, parts: int) -> Any:
    """Return the matrix float32 [parts, side] that takes the means of parts of an axis, which may overlap by one."""
    side = _side(g, maps, axis)
    firsts = g.op("Div", g.op("Mul", _number(g, torch.arange(parts)[:, None]), side), _number(g, parts))
    up_to = g.op("Mul", _number(g, torch.arange(1, parts + 1)[:, None]), side)
    ends = g.op("Div", g.op("Add", up_to, _number(g, parts - 1)), _number(g, parts))
    places = g.op("Range", _number(g, 0), side, _number(g, 1))
    inside = g.op("And", g.op("GreaterOrEqual", places, firsts), g.op("Less", places, ends))
    weights = g.op("Cast", inside, to_i=1)  # float32
    return g.op("Div", weights, g.op("ReduceSum", weights, _number(g, [1]), keepdims_i=1))


@symbolic_helper.parse_args("v", "v", "v", "is", "is", "is")
def col2im(g: Any, blocks: Any, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:  # noqa: PLR0913
    """Convert the sum of overlapping blocks of an image (`F.fold`)."""
    return g.op("Col2Im", blocks, size, kernel, dilations_i=dilation, pads_i=[*padding, *padding], strides_i=stride)


@symbolic_helper.parse_args("v", "is", "v", "v")
def rms_norm(g: Any, values: Any, shape: Sequence[int], weight: Any, epsilon: Any) -> Any:
    """Convert the division by the root of the mean square over the last axes."""
    given = symbolic_helper._maybe_get_const(epsilon, "f")
    least = torch.finfo(torch.float32).eps if symbolic_helper._is_none(epsilon) else float(given)
    mean = g.op("ReduceMean", g.op("Mul", values, values), _number(g, list(range(-len(shape), 0))), keepdims_i=1)
    found = g.op("Div", values, g.op("Sqrt", g.op("Add", mean, _number(g, least))))
    return found if symbolic_helper._is_none(weight) else g.op("Mul", found, weight)


def _side(g: Any, values: Any, axis: int) -> Any:
    """Return the length of an axis."""
    return g.op("Gather", g.op("Shape", values), _number(g, axis), axis_i=0)


def _number(g: Any, value: float | list[int] | torch.Tensor) -> Any:
    """Return a constant of the graph."""
    return g.op("Constant", value_t=torch.as_tensor(value))


CONVERTED: dict[str, Any] = {
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "col2im": col2im,
    "rms_norm": rms_norm,
}
