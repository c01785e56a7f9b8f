"""Operators that torch's exporter to ONNX does not convert, or not with these arguments.

- `adaptive_avg_pool2d` to a size that does not divide the map's (VGG at 128 px): two products with constant matrices.
- `col2im` where the size is computed in the graph (VOLO).
- `rms_norm`: from simpler operators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional as F
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
    if None in given:
        return symbolic_helper._unimplemented("adaptive_avg_pool2d", "the size of the map is not known", maps)
    if all(side % parts == 0 for side, parts in zip(given, size, strict=True)):
        steps = [side // parts for side, parts in zip(given, size, strict=True)]
        return g.op("AveragePool", maps, kernel_shape_i=steps, strides_i=steps)
    rows, columns = (_parts(side, parts) for side, parts in zip(given, size, strict=True))
    by_rows = g.op("MatMul", g.op("Constant", value_t=rows), maps)
    return g.op("MatMul", by_rows, g.op("Constant", value_t=columns.T.contiguous()))


def _parts(side: int, parts: int) -> torch.Tensor:
    """Return the matrix float32 [parts, side] that takes the means."""
    return F.adaptive_avg_pool1d(torch.eye(side)[None], parts)[0].T.contiguous()


@symbolic_helper.parse_args("v", "v", "v", "is", "is", "is")
def col2im(g: Any, blocks: Any, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:  # noqa: PLR0913
    """Convert the sum of overlapping blocks of an image (`F.fold`)."""
    return g.op("Col2Im", blocks, size, kernel, dilations_i=dilation, pads_i=[*padding, *padding], strides_i=stride)


@symbolic_helper.parse_args("v", "is", "v", "v")
def rms_norm(g: Any, values: Any, shape: Sequence[int], weight: Any, epsilon: Any) -> Any:
    """Convert the division by the root of the mean square over the last axes."""
    axes = g.op("Constant", value_t=torch.arange(-len(shape), 0))
    given = symbolic_helper._maybe_get_const(epsilon, "f")
    least = torch.tensor(torch.finfo(torch.float32).eps if symbolic_helper._is_none(epsilon) else given)
    mean = g.op("ReduceMean", g.op("Mul", values, values), axes, keepdims_i=1)
    found = g.op("Div", values, g.op("Sqrt", g.op("Add", mean, g.op("Constant", value_t=least))))
    return found if symbolic_helper._is_none(weight) else g.op("Mul", found, weight)


CONVERTED: dict[str, Any] = {"adaptive_avg_pool2d": adaptive_avg_pool2d, "col2im": col2im, "rms_norm": rms_norm}
