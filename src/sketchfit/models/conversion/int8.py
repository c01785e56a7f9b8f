"""Static quantisation of an ONNX graph: weights and activations of its layers in 8 bits, with ranges from pictures.

The graph keeps its inputs and outputs. Weights have one scale per channel and 7 bits: with 8, processors without VNNI
overflow in the sum of two products, and the answers would depend on the processor.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.models.backend import Pictures
from sketchfit.models.conversion.modules import INPUT
from sketchfit.models.conversion.quiet import quiet

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Operators whose weights are most of a network and its time."""

EXACT = ("LayerNormalization", "ReduceMean", "Softmax")
"""Operators of transformers, around which few values are far larger than the rest: in graphs with several of them only
products with weights are quantised, and in no graph these."""

BATCH = 8
"""Pictures per pass of the calibration, in graphs that take any number: all activations of a pass are kept."""


def int8_graph(graph: bytes, pictures: Pictures, *, any_batch: bool = True) -> bytes:
    """Return the graph with quantised layers.

    Args:
        graph: in ONNX, from `checked_graph`.
        pictures: uint8 [M, size, size, channels], training drawings that show which values layers have; 100 to 300.
        any_batch: whether the graph takes any number of pictures.

    Raises:
        Exception: the quantiser raises all kinds at operators that it does not know.
    """
    import onnx  # an optional package
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with quiet(), tempfile.TemporaryDirectory(prefix="sketchfit-") as folder:
        prepared, quantised = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(onnx.load_model_from_string(graph), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(quantised),
            _reader(pictures, BATCH if any_batch else 1),
            op_types_to_quantize=_quantised(onnx.load_model(prepared)),
            nodes_to_exclude=_attention(onnx.load_model(prepared)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return quantised.read_bytes()


def _quantised(model: Any) -> list[str]:
    """Return the operators of a graph that are quantised."""
    found = [node.op_type for node in model.graph.node]
    if sum(kind in EXACT for kind in found) > 2:  # one for the mean of the last map, one for the probabilities
        return list(PRODUCTS)
    return sorted(set(found) - set(EXACT))


def _attention(model: Any) -> list[str]:
    """Return the names of products of two computed values."""
    computed = {name for node in model.graph.node if node.op_type != "Constant" for name in node.output}
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    return [node.name for node in products if computed.issuperset(node.input)]


def _reader(pictures: Pictures, batch: int) -> Any:
    """Return the reader of batches that onnxruntime takes, a subclass of its own class."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Batches of pictures."""

        def __init__(self) -> None:
            self._batches = _batches(pictures, batch)

        def get_next(self) -> dict[str, Pictures] | None:
            """Return the next batch; None after the last."""
            return next(self._batches, None)

    return Reader()


def _batches(pictures: Pictures, batch: int) -> Iterator[dict[str, Pictures]]:
    for start in range(0, len(pictures), batch):
        yield {INPUT: np.ascontiguousarray(pictures[start : start + batch])}
